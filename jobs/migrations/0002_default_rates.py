"""The rates a portal begins with. Administrators add newer ones beside them, by the day from which they hold."""

from datetime import date
from decimal import Decimal

from django.db import migrations

SINCE = date(2020, 1, 1)

FARGATE = "AWS list price of Fargate on Linux, us-east-1, us-west-2 and eu-west-1, read in January 2026."
EC2 = (
    "Derived from list prices, us-east-1 and us-west-2, read in January 2026: "
    "4 vCPU and 16 GiB cost what m5.xlarge does ($0.192), split as between c5, m5 and r5."
)
GRAVITON = (
    "Derived from list prices, us-east-1, read in January 2026: "
    "4 vCPU and 16 GiB cost what m6g.xlarge does ($0.154), split as between c6g, m6g and r6g."
)
GPU = "Derived: g4dn.xlarge ($0.526, one T4) less m5.xlarge ($0.192). For V100s of a p3.2xlarge it would be 2.5774."

RATES = (
    ("FARGATE", "X86_64", "vcpu", "0.04048", FARGATE),
    ("FARGATE", "X86_64", "memory", "0.004445", FARGATE),
    ("FARGATE", "X86_64", "storage", "0.000111", FARGATE),
    ("FARGATE", "ARM64", "vcpu", "0.03238", FARGATE),
    ("FARGATE", "ARM64", "memory", "0.00356", FARGATE),
    ("FARGATE", "ARM64", "storage", "0.000111", FARGATE),
    *(
        (platform, architecture, resource, usd, source)
        for platform in ("EC2", "EKS")
        for architecture, resource, usd, source in (
            ("X86_64", "vcpu", "0.0344", EC2),
            ("X86_64", "memory", "0.0034", EC2),
            ("X86_64", "gpu", "0.334", GPU),
            ("ARM64", "vcpu", "0.0277", GRAVITON),
            ("ARM64", "memory", "0.0027", GRAVITON),
            ("ARM64", "gpu", "0.334", GPU),
        )
    ),
)


def load(apps, schema_editor):
    rate = apps.get_model("jobs", "Rate")
    rate.objects.bulk_create(
        [
            rate(
                platform=platform,
                architecture=architecture,
                resource=resource,
                usd_per_hour=Decimal(usd),
                valid_from=SINCE,
                source=source,
            )
            for platform, architecture, resource, usd, source in RATES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop, elidable=False)]
