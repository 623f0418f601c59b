"""What schemathesis is told that no configuration can say."""

import itertools
import re

import schemathesis

KEYS = itertools.count()
TAG = re.compile(r'(\*|(W/)?".*")\Z')


@schemathesis.serializer("message/rfc822")
def mail(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    if not (case.headers and case.meta and case.meta.generation.mode.is_positive):
        return
    # A key that another request had is a conflict by design, and short ones would meet all the time.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"schemathesis-{next(KEYS)}"
    # The coverage phase puts no quotes into headers, so that its valid entity tags are none.
    for name in ("If-Match", "If-None-Match"):
        if name in case.headers and not TAG.match(str(case.headers[name])):
            del case.headers[name]
    # The two exclude each other on a write, which no document can say.
    if "If-Match" in case.headers and "If-None-Match" in case.headers:
        del case.headers["If-None-Match"]
    # A digest is that of the very bytes beside it, which no document can say.
    case.headers.pop("Content-Digest", None)
