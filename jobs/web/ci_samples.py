"""Samples for CI systems."""

from dataclasses import dataclass

GITHUB_ACTIONS = """\
name: Submit a Batch job
on:
  push:
    branches: [main]
jobs:
  submit-batch-job:
    runs-on: ubuntu-latest
    steps:
      - name: Submit the job and wait until it ends
        env:
          BATCH_PORTAL_TOKEN: ${{ secrets.BATCH_PORTAL_TOKEN }}
        run: |
          curl -fsSO @PORTAL@/cli/submit-job.sh
          cat > job.json << 'EOF'
          {
            "jobName": "ci-${{ github.run_id }}",
            "jobQueue": "@QUEUE@",
            "jobDefinition": "@DEFINITION@",
            "containerOverrides": {
              "environment": [{"name": "COMMIT_SHA", "value": "${{ github.sha }}"}]
            }
          }
          EOF
          sh submit-job.sh job.json --monitor
"""

GITLAB_CI = """\
submit-batch-job:
  image: curlimages/curl
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - curl -fsSO @PORTAL@/cli/submit-job.sh
    - |
      cat > job.json << EOF
      {
        "jobName": "ci-$CI_PIPELINE_ID",
        "jobQueue": "@QUEUE@",
        "jobDefinition": "@DEFINITION@",
        "containerOverrides": {
          "environment": [{"name": "COMMIT_SHA", "value": "$CI_COMMIT_SHA"}]
        }
      }
      EOF
    - sh submit-job.sh job.json --monitor
"""


@dataclass(frozen=True)
class CiSample:
    title: str
    path: str
    secret_place: str
    text: str

    @property
    def key(self) -> str:
        return self.title.lower().replace(" ", "-")


def ci_samples(portal_url: str, queue: str, definition: str) -> list[CiSample]:
    """Quote nothing: names that AWS Batch accepts need no quoting."""

    def fill(text: str) -> str:
        return text.replace("@PORTAL@", portal_url).replace("@QUEUE@", queue).replace("@DEFINITION@", definition)

    return [
        CiSample(
            "GitHub Actions",
            ".github/workflows/batch-job.yml",
            "Settings › Secrets and variables › Actions",
            fill(GITHUB_ACTIONS),
        ),
        CiSample("GitLab CI", ".gitlab-ci.yml", "Settings › CI/CD › Variables (masked)", fill(GITLAB_CI)),
    ]
