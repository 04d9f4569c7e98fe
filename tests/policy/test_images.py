import pytest

from jobs.policy.images import image_matches

ECR = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("busybox", "busybox:1.36"),
        ("busybox", "docker.io/library/busybox"),
        ("docker.io/library/busybox", f"busybox@{DIGEST}"),
        (f"{ECR}/ml-training", f"{ECR}/ml-training:latest"),
        (f"{ECR}/*", f"{ECR}/anything/at-all:2"),
        (f"{ECR}/ml-*", f"{ECR}/ml-training"),
        ("localhost:5000/tool", "localhost:5000/tool:1"),
        ("busybox:latest", "busybox"),
        ("busybox:1.*", "busybox:1.36"),
        (f"busybox@{DIGEST}", f"busybox:1.36@{DIGEST}"),
        ("*", "quay.io/x/anything"),
    ],
)
def test_a_pattern_means_the_images_of_its_registry_and_repository(pattern, image):
    assert image_matches(pattern, image)


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("data-processor*", "data-processor.evil.example/miner"),
        ("123456789012*", f"{ECR}/ml-training"),
        (f"{ECR}/ml-training", f"{ECR}/ml-training-2"),
        (f"{ECR}/ml-training", "999999999999.dkr.ecr.us-west-2.amazonaws.com/ml-training"),
        (f"{ECR}/*", f"{ECR}.evil.example/ml-training"),
        (f"{ECR}/ml/*", f"{ECR}/ml/../finance"),
        ("busybox", "someone/busybox"),
        ("busybox:1.36", "busybox:1.37"),
        ("busybox:1.36", "busybox"),
        ("busybox:1.36", f"busybox:1.36@{DIGEST}"),
        (f"busybox@{DIGEST}", "busybox:1.36"),
        ("busybox", "Ref::image"),
        ("docker.io/library/*", "Ref::image"),
        ("docker.io/someone/*", "someone/Ref::image"),
        ("busybox", ""),
        ("busybox", "busybox\n"),
        ("busybox:1.36", "busybox:1.36\n"),
        ("busybox:1.*", "busybox:1.36\n"),
        (f"busybox@{DIGEST}", f"busybox@{DIGEST}\n"),
        (f"{ECR}/ml-*", f"{ECR}/ml-training\u2028"),
        (f"{ECR}/ml-*", f"{ECR}/ml-training evil"),
    ],
)
def test_a_pattern_means_nothing_else(pattern, image):
    assert not image_matches(pattern, image)
