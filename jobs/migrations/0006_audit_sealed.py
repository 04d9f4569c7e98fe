"""The database itself refuses to change what was written down, whoever asks it, and by whatever client.

Of a chain, only what its head has let go of may be deleted, and a head only moves on. `tests/sealed.py` shows how a test's
database is emptied all the same: by its owner, who can switch triggers off.
"""

from django.db import migrations, models

NEVER = "An act that was written down is neither changed nor taken away."

SQLITE = f"""
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON jobs_auditentry
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
;;
CREATE TRIGGER audit_entry_goes BEFORE DELETE ON jobs_auditentry
WHEN OLD.number > coalesce((SELECT gone_number FROM jobs_audithead WHERE chain = coalesce(OLD.team_id, 0)), 0)
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
;;
CREATE TRIGGER audit_entry_replaced BEFORE INSERT ON jobs_auditentry
WHEN EXISTS (SELECT 1 FROM jobs_auditentry WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM jobs_auditentry WHERE team_id IS NEW.team_id AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
;;
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON jobs_audithead
WHEN NEW.chain <> OLD.chain OR NEW.number < OLD.number
  OR NEW.gone_number < OLD.gone_number OR NEW.gone_number > NEW.number
  OR (NEW.number = OLD.number AND NEW.digest <> OLD.digest)
  OR (NEW.gone_number = OLD.gone_number AND NEW.gone_digest <> OLD.gone_digest)
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
;;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON jobs_audithead
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
;;
CREATE TRIGGER audit_head_replaced BEFORE INSERT ON jobs_audithead
WHEN EXISTS (SELECT 1 FROM jobs_audithead WHERE chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
"""

POSTGRESQL = f"""
CREATE FUNCTION jobs_audit_never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{NEVER}' USING ERRCODE = 'restrict_violation'; END $$
;;
CREATE FUNCTION jobs_audit_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.number > coalesce((SELECT gone_number FROM jobs_audithead WHERE chain = coalesce(OLD.team_id, 0)), 0) THEN
    RAISE EXCEPTION '{NEVER}' USING ERRCODE = 'restrict_violation';
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
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON jobs_audithead FOR EACH ROW
WHEN (NEW.chain <> OLD.chain OR NEW.number < OLD.number
  OR NEW.gone_number < OLD.gone_number OR NEW.gone_number > NEW.number
  OR (NEW.number = OLD.number AND NEW.digest <> OLD.digest)
  OR (NEW.gone_number = OLD.gone_number AND NEW.gone_digest <> OLD.gone_digest))
EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON jobs_audithead FOR EACH ROW EXECUTE FUNCTION jobs_audit_never()
;;
CREATE TRIGGER audit_head_emptied BEFORE TRUNCATE ON jobs_audithead EXECUTE FUNCTION jobs_audit_never()
"""

POSTGRESQL_BACK = """
DROP TRIGGER audit_entry_stays ON jobs_auditentry
;;
DROP TRIGGER audit_entry_goes ON jobs_auditentry
;;
DROP TRIGGER audit_entry_emptied ON jobs_auditentry
;;
DROP TRIGGER audit_head_moves ON jobs_audithead
;;
DROP TRIGGER audit_head_stays ON jobs_audithead
;;
DROP TRIGGER audit_head_emptied ON jobs_audithead
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

    dependencies = [
        ('jobs', '0005_audit'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['label', '-id'], name='audit_of_label'),
        ),
        migrations.RunPython(seal, unseal),
    ]
