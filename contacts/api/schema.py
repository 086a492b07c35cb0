"""The identity store's dialect in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from accounts.api.openapi import Answer, Body, Dialect, Operation, Parameter, describe
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    UUID,
    Shape,
    array,
    boolean,
    choice,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
    told,
)
from contacts.api import criteria, serializers, views
from contacts.models import OptOut

IDENTITIES = Dialect(
    "Identities",
    "Identities",
    "People, their addresses and what they opted out of: the API of the Seed Identity Store, which the hubs "
    "of stage-based messaging call beside it. Every path answers with and without its last slash.",
    json_refusal,
)

_ADDRESSES = mapping(
    mapping(
        record(
            {"default": boolean(), "optedout": boolean(), "inactive": boolean()},
            optional=("default", "optedout", "inactive"),
            additionalProperties=True,
        )
    ),
    description="Kind of address → address → remarks: `default`, `optedout`, `inactive`, and whatever else "
    "a hub keeps there.",
)
_KNOWN = {
    "name": string(maxLength=200),
    "preferred_language": string(maxLength=6),
    "timezone": string(maxLength=64),
    "addresses": _ADDRESSES,
}
DETAILS = named(
    "IdentityDetails",
    record(
        _KNOWN,
        optional=tuple(_KNOWN),
        additionalProperties=True,
        description="`name`, `preferred_language`, `timezone` and `addresses` have a meaning here and are "
        "checked; every other key is kept as it is.",
    ),
)
IDENTITY = named(
    "Identity",
    record(
        {
            "id": UUID,
            "version": integer(minimum=1),
            "details": DETAILS,
            "communicate_through": told(
                nullable(UUID), "Who has the addresses that this person is reached by."
            ),
            "operator": nullable(UUID),
            "created_at": INSTANT,
            "created_by": nullable(KEY),
            "updated_at": INSTANT,
            "updated_by": nullable(KEY),
        }
    ),
)
_ID = "8646b7bc-b511-4965-a90b-e1145e398703"
_DETAILS = {
    "name": "Thandi",
    "preferred_language": "zul_ZA",
    "default_addr_type": "msisdn",
    "addresses": {"msisdn": {"+27820001001": {"default": True}}},
}
_IDENTITY: dict[str, Any] = {
    "id": _ID,
    "version": 1,
    "details": _DETAILS,
    "communicate_through": None,
    "operator": None,
    "created_at": "2026-03-02T08:15:00Z",
    "created_by": 1,
    "updated_at": "2026-03-02T08:15:00Z",
    "updated_by": 1,
}
_BY_ID = (Parameter("id", "The person's id.", UUID, _ID, where="path"),)
_PAGE = page_of("IdentityPage", IDENTITY, _IDENTITY, "A page of people, the newest first.")
_ONE = Answer("The person.", IDENTITY, _IDENTITY)
_SENT = {"details": _DETAILS}


class DetailsShape(OpenApiSerializerFieldExtension):  # registers itself
    target_class = "contacts.api.serializers.DetailsField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Shape:
        return DETAILS


_READERS: dict[criteria.Reader, Shape] = {
    criteria._uuid: UUID,
    criteria._whole: integer(minimum=0),
    criteria._instant: INSTANT,
}


def _searched(table: dict[str, tuple[str, criteria.Reader]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, f"Only those with this `{name}`.", _READERS.get(read, string()))
        for name, (_, read) in table.items()
    )


_OF_DETAILS = (
    Parameter(
        "details__addresses__msisdn",
        "Who has this number. `details__addresses__<kind>` finds by any kind of address, "
        "`details__<key>` (and `details__<key>__<key>` for what lies deeper) by any other detail.",
        string(),
        "+27820001001",
    ),
    Parameter(
        "include_inactive",
        "`False` leaves out people whose address, the one searched by, is inactive.",
        choice("True", "False"),
        "False",
    ),
)

describe(
    views.IdentityViewSet,
    IDENTITIES,
    list=Operation(
        "listIdentities",
        "List people, the newest first",
        {200: _PAGE},
        parameters=(*PAGING, *_searched(criteria.IDENTITIES)),
        refusals=(400,),
    ),
    create=Operation("createIdentity", "Add a person", {201: _ONE}, Body(serializers.IdentityInput, _SENT)),
    retrieve=Operation("getIdentity", "Read a person", {200: _ONE}, parameters=_BY_ID, refusals=(404,)),
    update=Operation(
        "replaceIdentity",
        "Change a person",
        {200: _ONE},
        Body(serializers.IdentityInput, _SENT),
        _BY_ID,
        (404,),
        '`details` without `addresses` leaves the addresses; `"addresses": {}` removes them. Only '
        '`"optedout": false` lifts an opt-out, leaving it out does not.',
    ),
    partial_update=Operation(
        "changeIdentity",
        "Change some fields of a person",
        {200: _ONE},
        Body(serializers.IdentityInput(partial=True), {"communicate_through": None}),
        _BY_ID,
        (404,),
    ),
    destroy=Operation(
        "deleteIdentity",
        "Delete a person",
        {204: Answer("It is gone.")},
        parameters=_BY_ID,
        refusals=(404, 409),
        text="Somebody with subscriptions is not deleted but forgotten: `POST /api/v1/optout/` with "
        "`optout_type` `forget`.",
    ),
)
describe(
    views.IdentitySearch,
    IDENTITIES,
    get=Operation(
        "searchIdentities",
        "Find people by address or by any detail",
        {200: _PAGE},
        parameters=(*PAGING, *_OF_DETAILS, *_searched(criteria.SEARCH)),
        refusals=(400,),
        text="A parameter that is no search field is refused: ignoring it would find everybody.",
    ),
)
describe(
    views.IdentityAddresses,
    IDENTITIES,
    get=Operation(
        "listUsableAddresses",
        "The addresses that may be written to, best first",
        {
            200: page_of(
                "AddressPage", record({"address": string()}), {"address": "+27820001001"}, "The addresses."
            )
        },
        parameters=(
            *_BY_ID,
            Parameter("kind", "The kind of address.", string(), "msisdn", where="path"),
            Parameter("default", "`True`: the best one alone.", choice("True", "False"), "True"),
            Parameter(
                "use_communicate_through",
                "`True`: those of whom the person is reached through.",
                choice("True", "False"),
                "True",
            ),
            *PAGING,
        ),
        refusals=(404,),
        text="An address that opted out is left out and does not hide those after it.",
    ),
)
describe(
    views.MessageCount,
    IDENTITIES,
    post=Operation(
        "reportDelivery",
        "Tell whether a message arrived",
        {200: Answer("Counted.")},
        Body(
            named(
                "DeliveryReport",
                record(
                    {
                        "data": record(
                            {
                                "identity": nullable(UUID),
                                "to_addr": nullable(string(maxLength=254)),
                                "delivered": boolean(),
                            },
                            optional=("identity", "to_addr"),
                        )
                    }
                ),
            ),
            {"data": {"to_addr": "+27820001001", "delivered": False}},
            media=("application/json",),
        ),
        text="Failures in a row are counted per address; one that arrived starts the count anew. `data` has "
        "`identity` or `to_addr`.",
    ),
)

_WORD = {
    "id": UUID,
    "identity": UUID,
    "address_type": string(),
    "address": string(),
    "programme": string(),
    "request_source": string(),
    "requestor_source_id": nullable(string()),
    "created_at": INSTANT,
}
_WORD_SENT = {
    "identity": _ID,
    "address_type": "msisdn",
    "address": "+27820001001",
    "request_source": "helpdesk",
    "requestor_source_id": "ticket 17",
}
_WORD_SHOWN: dict[str, Any] = {
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    **_WORD_SENT,
    "programme": "",
    "created_at": "2026-03-02T08:15:00Z",
}
OPT_OUT = named(
    "OptOut",
    record({**_WORD, "optout_type": choice(*OptOut.Kind.values), "reason": nullable(string())}),
)
_OPT_OUT = {**_WORD_SHOWN, "optout_type": "stop", "reason": "other"}

describe(
    views.OptOuts,
    IDENTITIES,
    post=Operation(
        "optOut",
        "Record that somebody opts out",
        {201: Answer("The record of it.", OPT_OUT, _OPT_OUT)},
        Body(serializers.OptOutInput, {**_WORD_SENT, "optout_type": "stop", "reason": "other"}),
        text="`stop`: this address, whoever has it; `stopall`: everything; `unsubscribe`: one `programme`; "
        "`forget`: everything, and the person's data are erased. Whose word it is: `identity`, or the one "
        "person with the address. What waits to go out is cancelled before this answers.",
    ),
)
describe(
    views.OptIns,
    IDENTITIES,
    post=Operation(
        "optIn",
        "Lift an opt-out",
        {201: Answer("The record of it.", named("OptIn", record(_WORD)), _WORD_SHOWN)},
        Body(serializers.OptInInput, _WORD_SENT),
        text="With an identity and an address that one address, with an identity alone everything.",
    ),
)
describe(
    views.OptOutSearch,
    IDENTITIES,
    get=Operation(
        "searchOptOuts",
        "Find opt-outs, the newest first",
        {200: page_of("OptOutPage", OPT_OUT, _OPT_OUT)},
        parameters=(*PAGING, *_searched(criteria.OPT_OUTS)),
        refusals=(400,),
        text="A parameter that is no search field is refused.",
    ),
)
describe(
    views.DetailKeys,
    IDENTITIES,
    get=Operation(
        "listDetailKeys",
        "All keys that details have",
        {200: Answer("The keys.", record({"key_names": array(string())}), {"key_names": ["clinic", "edd"]})},
    ),
)
