"""Standard names for models and fields. The triggers that protect the audit log are created again with the new names."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

former = import_module("jobs.migrations.0006_audit_sealed")

IMMUTABLE = "Audit entries cannot be changed or deleted."

SQLITE = f"""
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON jobs_auditentry
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
;;
CREATE TRIGGER audit_entry_goes BEFORE DELETE ON jobs_auditentry
WHEN OLD.number > coalesce((SELECT pruned_through FROM jobs_auditchain WHERE chain = coalesce(OLD.team_id, 0)), 0)
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
;;
CREATE TRIGGER audit_entry_replaced BEFORE INSERT ON jobs_auditentry
WHEN EXISTS (SELECT 1 FROM jobs_auditentry WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM jobs_auditentry WHERE team_id IS NEW.team_id AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
;;
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON jobs_auditchain
WHEN NEW.chain <> OLD.chain OR NEW.number < OLD.number
  OR NEW.pruned_through < OLD.pruned_through OR NEW.pruned_through > NEW.number
  OR (NEW.number = OLD.number AND NEW.digest <> OLD.digest)
  OR (NEW.pruned_through = OLD.pruned_through AND NEW.pruned_digest <> OLD.pruned_digest)
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
;;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON jobs_auditchain
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
;;
CREATE TRIGGER audit_head_replaced BEFORE INSERT ON jobs_auditchain
WHEN EXISTS (SELECT 1 FROM jobs_auditchain WHERE chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END
"""

POSTGRESQL = f"""
CREATE FUNCTION jobs_audit_never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{IMMUTABLE}' USING ERRCODE = 'restrict_violation'; END $$
;;
CREATE FUNCTION jobs_audit_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.number > coalesce((SELECT pruned_through FROM jobs_auditchain WHERE chain = coalesce(OLD.team_id, 0)), 0) THEN
    RAISE EXCEPTION '{IMMUTABLE}' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON jobs_auditentry FOR EACH ROW EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_entry_goes BEFORE DELETE ON jobs_auditentry FOR EACH ROW EXECUTE FUNCTION jobs_audit_goes()
;;
CREATE TRIGGER audit_entry_emptied BEFORE TRUNCATE ON jobs_auditentry EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON jobs_auditchain FOR EACH ROW
WHEN (NEW.chain <> OLD.chain OR NEW.number < OLD.number
  OR NEW.pruned_through < OLD.pruned_through OR NEW.pruned_through > NEW.number
  OR (NEW.number = OLD.number AND NEW.digest <> OLD.digest)
  OR (NEW.pruned_through = OLD.pruned_through AND NEW.pruned_digest <> OLD.pruned_digest))
EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON jobs_auditchain FOR EACH ROW EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_head_emptied BEFORE TRUNCATE ON jobs_auditchain EXECUTE FUNCTION jobs_audit_never()
"""

POSTGRESQL_BACK = """
DROP TRIGGER audit_entry_stays ON jobs_auditentry
;;
DROP TRIGGER audit_entry_goes ON jobs_auditentry
;;
DROP TRIGGER audit_entry_emptied ON jobs_auditentry
;;
DROP TRIGGER audit_head_moves ON jobs_auditchain
;;
DROP TRIGGER audit_head_stays ON jobs_auditchain
;;
DROP TRIGGER audit_head_emptied ON jobs_auditchain
;;
DROP FUNCTION jobs_audit_never
;;
DROP FUNCTION jobs_audit_goes
"""

SQLITE_BACK = ";;".join(
    f"DROP TRIGGER audit_{name}"
    for name in ("entry_stays", "entry_goes", "entry_replaced", "head_moves", "head_stays", "head_replaced")
)

STATEMENTS = {"sqlite": (SQLITE, SQLITE_BACK), "postgresql": (POSTGRESQL, POSTGRESQL_BACK)}


def seal(apps, schema_editor):
    for statement in STATEMENTS[schema_editor.connection.vendor][0].split(";;"):
        schema_editor.execute(statement)


def unseal(apps, schema_editor):
    for statement in STATEMENTS[schema_editor.connection.vendor][1].split(";;"):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0025_request_counts")]

    operations = [
        migrations.RunPython(former.unseal, former.seal),
        migrations.RenameModel(old_name="Remembered", new_name="CacheEntry"),
        migrations.RenameModel(old_name="ApiAnswer", new_name="IdempotencyRecord"),
        migrations.RenameModel(old_name="AuditHead", new_name="AuditChain"),
        migrations.RenameModel(old_name="Incarnation", new_name="DatabaseGeneration"),
        migrations.RenameModel(old_name="Oddity", new_name="Discrepancy"),
        migrations.RenameModel(old_name="RequestEdit", new_name="ApprovalEdit"),
        migrations.RemoveIndex(model_name="auditentry", name="audit_of_act"),
        migrations.RenameField(
            model_name="apitoken",
            old_name="start",
            new_name="prefix",
        ),
        migrations.RenameField(
            model_name="approval",
            old_name="words",
            new_name="comment",
        ),
        migrations.RenameField(
            model_name="approval",
            old_name="asked_at",
            new_name="requested_at",
        ),
        migrations.RenameField(
            model_name="auditentry",
            old_name="act",
            new_name="action",
        ),
        migrations.RenameField(
            model_name="auditentry",
            old_name="door",
            new_name="channel",
        ),
        migrations.RenameField(
            model_name="definition",
            old_name="retired_at",
            new_name="archived_at",
        ),
        migrations.RenameField(
            model_name="definition",
            old_name="retired_by",
            new_name="archived_by",
        ),
        migrations.RenameField(
            model_name="job",
            old_name="children_asked_at",
            new_name="children_requested_at",
        ),
        migrations.RenameField(
            model_name="job",
            old_name="workers_lost",
            new_name="lost_workers",
        ),
        migrations.RenameField(
            model_name="job",
            old_name="stop_told_at",
            new_name="stop_sent_at",
        ),
        migrations.RenameField(
            model_name="job",
            old_name="looked_at",
            new_name="viewed_at",
        ),
        migrations.RenameField(
            model_name="queue",
            old_name="swept_at",
            new_name="compared_at",
        ),
        migrations.RenameField(
            model_name="queue",
            old_name="vanished_at",
            new_name="removed_at",
        ),
        migrations.RenameField(
            model_name="revision",
            old_name="why",
            new_name="note",
        ),
        migrations.RenameField(
            model_name="auditchain",
            old_name="gone_number",
            new_name="pruned_through",
        ),
        migrations.RenameField(
            model_name="auditchain",
            old_name="gone_digest",
            new_name="pruned_digest",
        ),
        migrations.RenameField(
            model_name="databasegeneration",
            old_name="renewed_at",
            new_name="rotated_at",
        ),
        migrations.RenameField(
            model_name="databasegeneration",
            old_name="why",
            new_name="reason",
        ),
        migrations.RenameField(
            model_name="approvaledit",
            old_name="raises",
            new_name="escalations",
        ),
        migrations.AlterField(
            model_name="jobdependency",
            name="job",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="dependencies", to="jobs.job"
            ),
        ),
        migrations.AlterField(
            model_name="jobdependency",
            name="parent",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="dependents", to="jobs.job"
            ),
        ),
        migrations.AlterField(
            model_name="discrepancy",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="discrepancies", to="jobs.account"
            ),
        ),
        migrations.AlterField(
            model_name="discrepancy",
            name="job",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="discrepancies", to="jobs.job"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry", index=models.Index(fields=["action", "-id"], name="audit_of_act")
        ),
        migrations.RunPython(seal, unseal),
    ]
