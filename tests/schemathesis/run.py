#!/usr/bin/env python3
"""Runs schemathesis over the whole OpenAPI document against a server with the demo's data.

    run.py TENURED SCHEMATHESIS [CALLER...]

Three callers ask, in this order: a member of an account, a stranger without a token, and a person who holds every role of
the provider. At the end the server is stopped and `tenured verify` reads everything back.

The last line is `N passed, N failed`: for each caller the operations of the document, and one for `tenured verify`.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
# Time for the demo to be played and the server to be up, in seconds.
UP = 180
# How many cases each operation is tried with in the fuzzing phase, by caller.
EXAMPLES = {"member": 6, "stranger": 1, "everyone": 15}
# The same cases in every run.
SEED = 2021
PROVIDER = ["support", "reporter", "analyst", "approver", "legal", "platform", "billing", "auditor", "administrator"]


def ask(url, token, method, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), method=method)
    request.add_header("authorization", f"Bearer {token}")
    request.add_header("content-type", "application/json")
    if method == "PUT":
        request.add_header("if-none-match", "*")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_until_up(server, out):
    """The server's address and the tokens it printed."""
    deadline = time.monotonic() + UP
    while time.monotonic() < deadline and server.poll() is None:
        text = out.read_text()
        up = re.search(r"^Up at (http://\S+) until", text, re.MULTILINE)
        if up and "Try: " in text:
            return up.group(1), dict(re.findall(r"^  (\S+)\s+(tenure_\S+)$", text, re.MULTILINE))
        time.sleep(0.1)
    sys.exit(f"the server did not come up:\n{out.read_text()}")


def run(schemathesis, url, caller, token, reports):
    report = reports / f"{caller}.json"
    command = [
        schemathesis, "--config-file", str(HERE / "config.toml"), "run", f"{url}/openapi.json",
        "--seed", str(SEED), "--max-examples", str(EXAMPLES[caller]), "--generation-database", "none",
        "--report", "json", "--report-json-path", str(report), "--no-color",
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    else:
        # Whoever has no token is answered only so often.
        command += ["--rate-limit", "80/s"]
    began = time.monotonic()
    status = subprocess.run(command, env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}).returncode
    seconds = time.monotonic() - began
    found = json.loads(report.read_text()) if report.exists() else None
    if found is None or not found["complete"]:
        print(f"{caller}: schemathesis did not come to its end (exit code {status})")
        return 0, 1
    operations = found["operations"]
    failing = {name for failure in found["failures"] for name in failure["operations"]}
    for name in sorted(failing):
        print(f"failed: {caller}: {name}")
    failed = max(len(failing) + operations["errored"], int(status != 0))
    if operations["tested"] != operations["total"]:
        print(f"{caller}: only {operations['tested']} of {operations['total']} operations were tested")
        failed = max(failed, 1)
    cases = found["test_cases"]["generated"]
    print(f"{caller}: {operations['tested']} operations, {cases} cases, {failed} failed, {seconds:.0f} s", flush=True)
    return operations["tested"] - failed, failed


def main():
    tenured, schemathesis = sys.argv[1:3]
    callers = sys.argv[3:] or list(EXAMPLES)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="tenure-schemathesis-") as folder:
        folder = pathlib.Path(folder)
        data, out = folder / "data", folder / "out"
        with out.open("w") as printed:
            arguments = [tenured, "dev", "--demo", "--data", str(data), "--listen", "127.0.0.1:0"]
            server = subprocess.Popen(arguments, stdout=printed)
        try:
            url, tokens = wait_until_up(server, out)
            mara = tokens["person/mara"]
            ask(url, mara, "PUT", "/v1/people/everyone", {"roles": PROVIDER})
            everyone = ask(url, mara, "POST", "/v1/tokens", {"subject": "person/everyone"})["token"]
            who = {"member": tokens["member/parley/jules"], "stranger": None, "everyone": everyone}
            for caller in callers:
                p, f = run(schemathesis, url, caller, who[caller], folder)
                passed, failed = passed + p, failed + f
        finally:
            server.send_signal(signal.SIGTERM)
            stopped = server.wait(timeout=60)
        verified = subprocess.run([tenured, "verify", "--data", str(data)]).returncode
        if stopped or verified:
            print(f"the server ended with {stopped}, tenured verify with {verified}")
        passed, failed = passed + (stopped == verified == 0), failed + (stopped != 0 or verified != 0)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
