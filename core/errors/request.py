"""What was asked is wrong: the caller mends it."""

from __future__ import annotations

from core.errors.base import OrcaOpsError


class RequestError(OrcaOpsError):
    """The request cannot be accepted as it stands."""

    code = "invalid_request"


class InvalidSpecError(RequestError):
    """The job specification has faults."""

    code = "invalid_spec"
    default_hint = "Correct the fields named and submit again; nothing was started."


class InvalidArgumentError(RequestError):
    """An argument is not valid."""

    code = "invalid_argument"
    default_hint = "Correct the argument and call again."


class NotAdmittedError(RequestError):
    """The job asks for something this engine does not allow."""

    code = "not_admitted"
    default_hint = "Ask for less, or have the operator change the limits in the configuration."


class PolicyDeniedError(NotAdmittedError):
    """The operator's policy does not allow what the job asks for."""

    code = "policy_denied"
    default_hint = "Leave out what is named, or ask the operator, who can change the rule in policy.yaml."


class InvalidPolicyError(RequestError):
    """The policy has faults."""

    code = "invalid_policy"
    default_hint = "Correct policy.yaml where it is named; `orcaops policy check` reads it without starting anything."


class UnknownSecretError(RequestError):
    """The job names a secret this engine does not have."""

    code = "unknown_secret"
    default_hint = "Have the operator set it with `orcaops secrets set NAME`, or correct the name."


class UnusableSecretsError(UnknownSecretError):
    """The secrets of this engine cannot be read."""

    code = "unusable_secrets"
    default_hint = "Have the operator look at the file that is named."


class InvalidExpressionError(RequestError):
    """The expression cannot be read or evaluated.

    Attributes:
        rule: What kind of fault it is, as the code of a workflow's finding, such as ``E101``.
        expression: The expression's text.
        position: Where the token complained of begins, in characters from 1; None if none is to blame.
        length: How many characters that token has.
        offset: Where the expression begins in the text it is a part of, in characters from 0.
        values: What the expression had read when it could not be evaluated, such as ``inputs.dry = 'yes' (text)``.
    """

    code = "invalid_expression"
    default_hint = "Correct the expression at the place named."

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        rule: str = "E109",
        expression: str = "",
        position: int | None = None,
        length: int = 0,
        offset: int = 0,
        values: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule
        self.expression = expression
        self.position = position
        self.length = length
        self.offset = offset
        self.values = values


class InvalidMatrixError(RequestError):
    """The matrix cannot be expanded."""

    code = "invalid_matrix"
    default_hint = "Correct the matrix at the places named; no variant was started."
