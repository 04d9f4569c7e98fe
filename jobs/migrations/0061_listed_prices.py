"""Prices of instances that a portal begins with, and rates only for the regions in which they were read.

`manage.py refresh_prices` reads further ones from AWS.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

SINCE = date(2020, 1, 1)
READ = date(2026, 1, 19)
CATALOG = "AWS price list, {region}, on-demand Linux, shared tenancy, {how}."
EAST = CATALOG.format(region="us-east-1", how="read on 2026-01-19")
EAST_2 = CATALOG.format(region="us-east-2", how="as published with SkyPilot's catalog")
WEST = CATALOG.format(region="us-west-2", how="as published with SkyPilot's catalog")
WEST_JANUARY = CATALOG.format(region="us-west-2", how="read in January 2026")
IRELAND = CATALOG.format(region="eu-west-1", how="read in January 2026")
SIZES = "Amazon EC2 instance types, read in January 2026."

X86, ARM = "X86_64", "ARM64"
SMALL = (2, 4, 8, 16, 32, 48, 64, 96)
LARGE = (2, 4, 8, 16, 32, 48, 64, 96, 128)
AMD = (2, 4, 8, 16, 32, 48, 64, 96, 128, 192)
NEWEST = (2, 4, 8, 16, 32, 48, 64, 96, 192)
GRAVITON = (2, 4, 8, 16, 32, 48, 64)
COMPUTE = (2, 4, 8, 16, 36, 48, 72, 96)

# Family, architecture, GiB for each vCPU, sizes in vCPU, price of 4 vCPU in us-east-1, of which others are multiples.
FAMILIES = (
    ("c5", X86, "2", COMPUTE, "0.17"),
    ("c5a", X86, "2", SMALL, "0.154"),
    ("c5d", X86, "2", COMPUTE, "0.192"),
    ("c6a", X86, "2", AMD, "0.153"),
    ("c6g", ARM, "2", GRAVITON, "0.136"),
    ("c6i", X86, "2", LARGE, "0.17"),
    ("c7a", X86, "2", AMD, "0.20528"),
    ("c7g", ARM, "2", GRAVITON, "0.145"),
    ("c7i", X86, "2", NEWEST, "0.1785"),
    ("c8g", ARM, "2", NEWEST, "0.15952"),
    ("m4", X86, "4", (2, 4, 8, 16, 40, 64), "0.2"),
    ("m5", X86, "4", SMALL, "0.192"),
    ("m5a", X86, "4", SMALL, "0.172"),
    ("m5d", X86, "4", SMALL, "0.226"),
    ("m6a", X86, "4", AMD, "0.1728"),
    ("m6g", ARM, "4", GRAVITON, "0.154"),
    ("m6i", X86, "4", LARGE, "0.192"),
    ("m7a", X86, "4", AMD, "0.23184"),
    ("m7g", ARM, "4", GRAVITON, "0.1632"),
    ("m7i", X86, "4", NEWEST, "0.2016"),
    ("m8g", ARM, "4", NEWEST, "0.17952"),
    ("r4", X86, "7.625", (2, 4, 8, 16, 32, 64), "0.266"),
    ("r5", X86, "8", SMALL, "0.252"),
    ("r5a", X86, "8", SMALL, "0.226"),
    ("r5d", X86, "8", SMALL, "0.288"),
    ("r6a", X86, "8", AMD, "0.2268"),
    ("r6g", ARM, "8", GRAVITON, "0.2016"),
    ("r6i", X86, "8", LARGE, "0.252"),
    ("r7a", X86, "8", AMD, "0.3043"),
    ("r7g", ARM, "8", GRAVITON, "0.2142"),
    ("r7i", X86, "8", NEWEST, "0.2646"),
    ("r8g", ARM, "8", NEWEST, "0.23564"),
)

# Type, vCPU, GiB, GPUs, GPU model, price in us-east-1.
OTHERS = (
    ("g4dn.xlarge", 4, 16, 1, "T4", "0.526"),
    ("g4dn.2xlarge", 8, 32, 1, "T4", "0.752"),
    ("g4dn.4xlarge", 16, 64, 1, "T4", "1.204"),
    ("g4dn.8xlarge", 32, 128, 1, "T4", "2.176"),
    ("g4dn.12xlarge", 48, 192, 4, "T4", "3.912"),
    ("g4dn.16xlarge", 64, 256, 1, "T4", "4.352"),
    ("g4dn.metal", 96, 384, 8, "T4", "7.824"),
    ("g5.xlarge", 4, 16, 1, "A10G", "1.006"),
    ("g5.2xlarge", 8, 32, 1, "A10G", "1.212"),
    ("g5.4xlarge", 16, 64, 1, "A10G", "1.624"),
    ("g5.8xlarge", 32, 128, 1, "A10G", "2.448"),
    ("g5.12xlarge", 48, 192, 4, "A10G", "5.672"),
    ("g5.16xlarge", 64, 256, 1, "A10G", "4.096"),
    ("g5.24xlarge", 96, 384, 4, "A10G", "8.144"),
    ("g5.48xlarge", 192, 768, 8, "A10G", "16.288"),
    ("g6.xlarge", 4, 16, 1, "L4", "0.8048"),
    ("g6.2xlarge", 8, 32, 1, "L4", "0.9776"),
    ("g6.4xlarge", 16, 64, 1, "L4", "1.3232"),
    ("g6.8xlarge", 32, 128, 1, "L4", "2.0144"),
    ("g6.12xlarge", 48, 192, 4, "L4", "4.6016"),
    ("g6.16xlarge", 64, 256, 1, "L4", "3.3968"),
    ("g6.24xlarge", 96, 384, 4, "L4", "6.6752"),
    ("g6.48xlarge", 192, 768, 8, "L4", "13.3504"),
    ("g6e.xlarge", 4, 32, 1, "L40S", "1.861"),
    ("g6e.2xlarge", 8, 64, 1, "L40S", "2.24208"),
    ("g6e.4xlarge", 16, 128, 1, "L40S", "3.00424"),
    ("g6e.8xlarge", 32, 256, 1, "L40S", "4.52856"),
    ("g6e.12xlarge", 48, 384, 4, "L40S", "10.49264"),
    ("g6e.16xlarge", 64, 512, 1, "L40S", "7.57719"),
    ("g6e.24xlarge", 96, 768, 4, "L40S", "15.06559"),
    ("g6e.48xlarge", 192, 1536, 8, "L40S", "30.13118"),
    ("p3.2xlarge", 8, 61, 1, "V100", "3.06"),
    ("p3.8xlarge", 32, 244, 4, "V100", "12.24"),
    ("p3.16xlarge", 64, 488, 8, "V100", "24.48"),
    ("p3dn.24xlarge", 96, 768, 8, "V100", "31.212"),
)

# These became cheaper in 2025: their prices hold from the day on which they were read.
REDUCED = (
    ("p4d.24xlarge", 96, 1152, 8, "A100", "21.957642"),
    ("p4de.24xlarge", 96, 1152, 8, "A100", "27.44705"),
    ("p5.4xlarge", 16, 256, 1, "H100", "6.88"),
    ("p5.48xlarge", 192, 2048, 8, "H100", "55.04"),
    ("p5en.48xlarge", 192, 2048, 8, "H200", "63.296"),
)

# Types whose prices were read in other regions too, where they are those of us-east-1.
OHIO_AND_OREGON = ("g4dn.", "m5d.", "r5.", "r5a.", "c5.12xlarge", "c5.18xlarge", "c5.24xlarge")
ELSEWHERE = (
    ("c5.xlarge", "us-west-2", "0.17", WEST_JANUARY),
    ("m5.xlarge", "us-west-2", "0.192", WEST_JANUARY),
    ("c5.xlarge", "eu-west-1", "0.192", IRELAND),
    ("m5.xlarge", "eu-west-1", "0.214", IRELAND),
)

# Regions in which the rates of 0002 were read, by the beginning of their source.
RATE_REGIONS = {
    "AWS list price of Fargate on Linux": ("us-east-1", "us-west-2", "eu-west-1"),
    "Derived from list prices, us-east-1 and us-west-2": ("us-east-1", "us-west-2"),
    "Derived from list prices, us-east-1,": ("us-east-1",),
}
FARGATE_LIST = "AWS price list of Fargate, {region}, as quoted in 2026."
WINDOWS_LIST = "AWS price list of Fargate on Windows, us-east-1, as quoted in 2026; $0.046 of a vCPU-hour is the licence."
FURTHER_RATES = (
    ("X86_64", "us-east-2", "vcpu", "0.04048", FARGATE_LIST),
    ("X86_64", "us-east-2", "memory", "0.004445", FARGATE_LIST),
    ("X86_64", "us-east-2", "storage", "0.000111", FARGATE_LIST),
    ("X86_64", "eu-west-2", "vcpu", "0.04656", FARGATE_LIST),
    ("X86_64", "eu-west-2", "memory", "0.00511", FARGATE_LIST),
    ("X86_64", "eu-west-2", "storage", "0.000129", FARGATE_LIST),
    ("ARM64", "eu-west-2", "vcpu", "0.03725", FARGATE_LIST),
    ("ARM64", "eu-west-2", "memory", "0.00409", FARGATE_LIST),
    ("ARM64", "eu-west-2", "storage", "0.000129", FARGATE_LIST),
    ("WINDOWS", "us-east-1", "vcpu", "0.13748", WINDOWS_LIST),
    ("WINDOWS", "us-east-1", "memory", "0.01005", WINDOWS_LIST),
)
GPU_GUESS = "Derived: g4dn.xlarge"


def _types():
    for family, architecture, gib, sizes, usd in FAMILIES:
        for vcpus in sizes:
            size = {2: "large", 4: "xlarge"}.get(vcpus, f"{vcpus // 4}xlarge")
            memory_mib = int(Decimal(gib) * vcpus * 1024)
            yield f"{family}.{size}", vcpus, memory_mib, 0, "", architecture, Decimal(usd) * vcpus / 4, SINCE
    for since, rows in ((SINCE, OTHERS), (READ, REDUCED)):
        for name, vcpus, gib, gpus, model, usd in rows:
            yield name, vcpus, gib * 1024, gpus, model, X86, Decimal(usd), since


def load_instances(apps, schema_editor):
    instance_type, instance_price = apps.get_model("jobs", "InstanceType"), apps.get_model("jobs", "InstancePrice")
    rows = list(_types())
    instance_type.objects.bulk_create(
        instance_type(
            name=name,
            vcpus=vcpus,
            memory_mib=memory_mib,
            gpus=gpus,
            gpu_model=model,
            architecture=architecture,
            source=SIZES,
        )
        for name, vcpus, memory_mib, gpus, model, architecture, _, _ in rows
    )
    keys = dict(instance_type.objects.values_list("name", "pk"))
    prices = [(row[0], "us-east-1", row[6], row[7], EAST) for row in rows]
    for name, _, _, _, _, _, usd, since in rows:
        if name.startswith(OHIO_AND_OREGON):
            prices += [(name, "us-east-2", usd, since, EAST_2), (name, "us-west-2", usd, since, WEST)]
    prices += [(name, region, Decimal(usd), SINCE, source) for name, region, usd, source in ELSEWHERE]
    instance_price.objects.bulk_create(
        instance_price(
            instance_type_id=keys[name], region=region, usd_per_hour=usd, valid_from=since, source=source
        )
        for name, region, usd, since, source in prices
    )


def limit_rates(apps, schema_editor):
    """Leave the portal's own rates only in the regions of their source, and drop that of a T4 for every GPU."""
    rate = apps.get_model("jobs", "Rate")
    shipped = rate.objects.filter(region="", valid_from=SINCE)
    shipped.filter(resource="gpu", source__startswith=GPU_GUESS).delete()
    for beginning, regions in RATE_REGIONS.items():
        rows = list(shipped.filter(source__startswith=beginning))
        rate.objects.bulk_create(
            (
                rate(
                    platform=row.platform,
                    architecture=row.architecture,
                    region=region,
                    resource=row.resource,
                    usd_per_hour=row.usd_per_hour,
                    valid_from=row.valid_from,
                    source=row.source,
                )
                for row in rows
                for region in regions
            ),
            ignore_conflicts=True,
        )
        rate.objects.filter(pk__in=[row.pk for row in rows]).delete()


def add_rates(apps, schema_editor):
    rate = apps.get_model("jobs", "Rate")
    rate.objects.bulk_create(
        (
            rate(
                platform="FARGATE",
                architecture=architecture,
                region=region,
                resource=resource,
                usd_per_hour=Decimal(usd),
                valid_from=SINCE,
                source=source.format(region=region),
            )
            for architecture, region, resource, usd, source in FURTHER_RATES
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0060_instance_prices")]

    operations = [
        migrations.RunPython(load_instances, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(limit_rates, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(add_rates, migrations.RunPython.noop, elidable=False),
    ]
