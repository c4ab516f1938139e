"""A server that speaks S3 over HTTP on loopback and checks signatures (moto), in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import httpx

from deploy.local.places import free_port

REGION = "cn-north-1"
MAY = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where it listens, its one bucket, and the key of the one account that may use it."""

    endpoint: str
    bucket: str
    access_key_id: str
    secret_access_key: str

    def options(self, **changes: Any) -> str:
        """What an operator writes into ATTACHMENT_STORE_OPTIONS."""
        found = {"endpoint": self.endpoint, "region": REGION, "access_key_id": self.access_key_id}
        return json.dumps({**found, "secret_access_key": self.secret_access_key, **changes})

    def objects(self) -> list[str]:
        """What lies in the bucket."""
        return [each["Key"] for each in self._s3().list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def content(self, key: str) -> bytes:
        """One object."""
        found: bytes = self._s3().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return found

    def make(self, bucket: str) -> None:
        """One more bucket."""
        self._s3().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def lose(self, bucket: str) -> None:
        """It is no more, nor what lay in it."""
        s3 = self._s3()
        for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=each["Key"])
        s3.delete_bucket(Bucket=bucket)

    def _s3(self) -> Any:
        return _client("s3", self.endpoint, self.access_key_id, self.secret_access_key)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Started, with bucket and account."""
    endpoint = f"http://127.0.0.1:{(port := free_port())}"
    # the first four requests make account and bucket; from then on each must be signed by who may do it
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "4"}
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(endpoint)
        accounts: Any = _client("iam", endpoint, "first", "first")
        accounts.create_user(UserName="intake")
        key = accounts.create_access_key(UserName="intake")["AccessKey"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [MAY]})
        accounts.put_user_policy(UserName="intake", PolicyName="files", PolicyDocument=policy)
        where = {"LocationConstraint": REGION}
        _client("s3", endpoint, "first", "first").create_bucket(Bucket="xiansuo-files", CreateBucketConfiguration=where)
        yield S3Server(endpoint, "xiansuo-files", key["AccessKeyId"], key["SecretAccessKey"])
    finally:
        process.kill()
        process.wait()


def _client(service: Any, endpoint: str, key: str, secret: str) -> Any:
    return boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret
    )


def _wait(endpoint: str) -> None:
    for _ in range(400):
        try:
            httpx.get(f"{endpoint}/moto-api/", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the S3 server did not start")
