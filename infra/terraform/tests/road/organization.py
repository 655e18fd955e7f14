"""An organization's trail: made by `trailkeep synth`, put into a log bucket as CloudTrail puts it."""
import datetime
import json
import subprocess


class Organization:
    """The files that CloudTrail delivers, by key."""

    def __init__(self, trailkeep, directory, bucket):
        # Of yesterday: what is delivered more than a year after its day takes another way through the collector.
        day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
        size = ["--accounts", "4", "--regions", "2", "--hours", "2", "--events-per-hour", "60", "--seed", "9"]
        command = [trailkeep, "synth", "--out", directory, "--output", "json", "--bucket", bucket, "--start", f"{day}T00:00:00Z", *size]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        self.made = json.loads(made.stdout)
        self.bucket, self.directory = bucket, directory
        self.files = {str(file.relative_to(directory)): file for file in sorted(directory.glob("AWSLogs/**/*.json.gz"))}
        assert len(self.files) == self.made["objects"] + self.made["digests"]

    def thirds(self):
        """Three parts with something of everything in each."""
        keys = list(self.files)
        return [keys[start::3] for start in range(3)]

    def deliver(self, s3, keys):
        for key in keys:
            beside = self.files[key].with_name(self.files[key].name + ".metadata.json")
            s3.put_object(Bucket=self.bucket, Key=key, Body=self.files[key].read_bytes(), Metadata=json.loads(beside.read_text()) if beside.exists() else {})

    def another(self, name):
        """The key of a LogObject beside the first one."""
        key = next(key for key in self.files if "/CloudTrail/" in key)
        return f"{key[: key.rindex('_')]}_{name}.json.gz"

    def damage(self):
        """Another file, which nobody can read. Answers its key."""
        key = self.another("Damaged000000000")
        self.files[key] = self.directory / key
        self.files[key].write_bytes(b"no gzip member begins so")
        return key

    def lose(self, s3):
        """An object that is gone before anybody reads it. Answers its key."""
        key = self.another("GoneBeforeRead00")
        version = s3.put_object(Bucket=self.bucket, Key=key, Body=b"gone")["VersionId"]
        s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version)
        return key
