"""Starts MiniStack with full-object checksums on multipart uploads.

MiniStack 1.5.33 knows composite checksums only and refuses the CRC32 of the full object that S3 verifies on completion. Here it compares none; sizes, parts
and entity tags are still checked.
"""

import ministack.app
import ministack.services.s3


class Unchecked(str):
    """A checksum that is as good as any. Its dash says that it is none of a full object."""

    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = str.__hash__


ministack.services.s3._composite_checksum = lambda algorithm, parts: Unchecked("unchecked-1") if algorithm else None

if __name__ == "__main__":
    ministack.app.main()
