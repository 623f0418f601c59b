"""What schemathesis is told that no configuration can say."""

import itertools

import schemathesis

KEYS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    # A key that another request had is a conflict by design, and short ones would meet all the time.
    headers = case.headers
    if headers and headers.get("Idempotency-Key") and case.meta and case.meta.generation.mode.is_positive:
        headers["Idempotency-Key"] = f"schemathesis-{next(KEYS)}"
