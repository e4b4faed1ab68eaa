"""Telltale phrases of the operating system and the network, whichever tool repeats them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.logs.diagnose.needles import NeedleSet


@dataclass(frozen=True, slots=True)
class Symptom:
    """A condition of the machine or the network.

    Attributes:
        kind: As in `Cause`.
        phrases: What tools print when they meet it.
        hint: What to do about it.
    """

    kind: str
    phrases: tuple[str, ...]
    hint: str


SYMPTOMS: Final = (
    Symptom(
        "out_of_memory",
        (
            "JavaScript heap out of memory",
            "java.lang.OutOfMemoryError",
            "MemoryError",
            "Cannot allocate memory",
            "cannot allocate memory",
            "std::bad_alloc",
            "runtime: out of memory",
            "virtual memory exhausted",
            "Out of memory: Kill",
            "oom-kill",
            "CUDA out of memory",
            "ENOMEM",
        ),
        "Give the job more memory_mb, or have the program use less (smaller batches, fewer workers, a heap limit).",
    ),
    Symptom(
        "disk_full",
        ("No space left on device", "ENOSPC", "Disk quota exceeded"),
        "Write less, delete what is not needed, or free disk space where the containers live.",
    ),
    Symptom(
        "network_dns",
        (
            "Could not resolve host",
            "could not resolve host",
            "unable to resolve host",
            "Temporary failure in name resolution",
            "Temporary failure resolving",
            "Name or service not known",
            "Name does not resolve",
            "nodename nor servname provided",
            "getaddrinfo ENOTFOUND",
            "getaddrinfo EAI_AGAIN",
            "wget: bad address",
            "no such host",
            "UnknownHostException",
            "failed to lookup address information",
            "could not translate host name",
        ),
        "Check the host name and that the job has a network (network: bridge); a service is reached by its own name.",
    ),
    Symptom(
        "network_refused",
        ("Connection refused", "connection refused", "ECONNREFUSED", "Couldn't connect to server", "actively refused"),
        "Nothing listens at that address: start the service, wait until it is ready, and use its name, not localhost.",
    ),
    Symptom(
        "network_unreachable",
        ("Network is unreachable", "network is unreachable", "ENETUNREACH", "No route to host", "EHOSTUNREACH"),
        "The job has no way there: give it network: bridge, or check the address.",
    ),
    Symptom(
        "tls",
        (
            "CERTIFICATE_VERIFY_FAILED",
            "SSL certificate problem",
            "self-signed certificate",
            "self signed certificate",
            "SELF_SIGNED_CERT",
            "unable to get local issuer certificate",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "server certificate verification failed",
            "certificate has expired",
            "x509: ",
            "SSLHandshakeException",
            "PKIX path building failed",
            "WRONG_VERSION_NUMBER",
        ),
        "Install ca-certificates or the private CA in the image, and check the host name and the clock.",
    ),
    Symptom(
        "timeout",
        (
            "Connection timed out",
            "connection timed out",
            "ETIMEDOUT",
            "Read timed out",
            "i/o timeout",
            "TimeoutError",
            "TimeoutExpired",
            "context deadline exceeded",
            "Operation timed out",
        ),
        "Something did not answer in time: check that it runs and is reachable, or allow more time.",
    ),
    Symptom(
        "permission_denied",
        ("Permission denied", "permission denied", "EACCES", "Operation not permitted", "EPERM"),
        "Check the owner and mode of the file and the user the job runs as.",
    ),
    Symptom(
        "read_only",
        ("Read-only file system", "read-only file system", "EROFS"),
        "Write to a folder that is writable, such as the job's working folder or /tmp.",
    ),
)

_NEEDLES: Final = NeedleSet(symptom.phrases for symptom in SYMPTOMS)


def symptom_of(text: str) -> Symptom | None:
    """The first symptom in the order above whose phrase stands in the text."""
    found = _NEEDLES.groups_in(text)
    return SYMPTOMS[found[0]] if found else None
