"""What a provider block configures: the account, Region and partition that ARNs are made of."""
import hashlib
import os
import re
from dataclasses import dataclass, field

ORGANIZATION_ID = "o-exampleorg1"
MANAGEMENT_ACCOUNT_ID = "999999999999"


def digest(text, length=12):
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def partition_of(region):
    return {"us-gov": "aws-us-gov", "cn": "aws-cn"}.get(re.match(r"us-gov|[a-z]+", region).group(), "aws")


@dataclass
class Account:
    id: str = field(default_factory=lambda: os.environ.get("STUB_AWS_ACCOUNT", "111122223333"))
    region: str = field(default_factory=lambda: os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1")
    default_tags: dict = field(default_factory=dict)

    @property
    def partition(self):
        return partition_of(self.region)

    @property
    def dns_suffix(self):
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @classmethod
    def configured(cls, provider_block):
        account = cls()
        if isinstance(provider_block.get("region"), str):
            account.region = provider_block["region"]
        for tags in provider_block.get("default_tags") or []:
            account.default_tags = dict(tags.get("tags") or {})
        for role in provider_block.get("assume_role") or []:
            arn = role.get("role_arn")
            assumed = re.match(r"arn:[^:]+:iam::(\d{12}):", arn) if isinstance(arn, str) else None
            if assumed:
                account.id = assumed.group(1)
        return account

    def fields(self, region=None):
        """What the templates of computed values may name."""
        region = region if isinstance(region, str) else self.region
        return {"R": region, "A": self.id, "P": self.partition, "D": self.dns_suffix}
