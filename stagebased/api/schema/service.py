"""Health, figures and files."""

from __future__ import annotations

from accounts.api.openapi import Answer, Operation, Parameter, describe
from accounts.api.openapi.shapes import array, boolean, choice, mapping, named, record, string
from stagebased.api.schema.dialect import PROGRAMMES
from stagebased.api.views import audio, helpers, media

_HEALTH = {
    "up": True,
    "result": {
        "database": "Accessible",
        "version": "1.0.0",
        "libraries": {"django": "5.2.19", "djangorestframework": "3.18.3"},
    },
}
HEALTH = named(
    "Health",
    record(
        {
            "up": boolean(),
            "result": record(
                {
                    "database": choice("Accessible", "Inaccessible"),
                    "version": string(),
                    "libraries": mapping(string()),
                }
            ),
        }
    ),
)
STARTED = {"scheduled_metrics_initiated": boolean(const=True)}
NOT_STARTED = {"scheduled_metrics_initiated": boolean(const=False), "reason": string()}

describe(
    helpers.Health,
    PROGRAMMES,
    get=Operation(
        "getHealth",
        "Whether the service and its database answer",
        {
            200: Answer("They do.", HEALTH, _HEALTH),
            503: Answer(
                "The database does not.",
                HEALTH,
                {"up": False, "result": {**_HEALTH["result"], "database": "Inaccessible"}},  # type: ignore[dict-item]
            ),
        },
    ),
)
describe(
    helpers.Metrics,
    PROGRAMMES,
    get=Operation(
        "listMetrics",
        "The keys of the figures",
        {
            200: Answer(
                "The keys.",
                record({"metrics_available": array(string())}),
                {"metrics_available": ["subscriptions.send.estimate.0.last", "message.text.sum"]},
            )
        },
    ),
    post=Operation(
        "computeMetrics",
        "Have the figures computed and stored",
        {
            200: Answer("A worker was told.", record(STARTED), {"scheduled_metrics_initiated": True}),
            503: Answer(
                "None could be told.",
                record(NOT_STARTED),
                {"scheduled_metrics_initiated": False, "reason": "The task queue does not answer."},
            ),
        },
    ),
)
_COPIES = "sync_audio_files_initiated"
_NO_COPIES = record({_COPIES: boolean(const=False), "reason": string()})
describe(
    audio.AudioFiles,
    PROGRAMMES,
    post=Operation(
        "syncAudioFiles",
        "Have audio copied to the telephone platform's folder",
        {
            202: Answer(
                "A worker was told.",
                record({_COPIES: boolean(const=True), "task_id": string()}),
                {_COPIES: True, "task_id": "0c03d360-1b2e-4f8d-a0a4-8f1d4fcd2a7c"},
            ),
            409: Answer(
                "No folder is configured.",
                _NO_COPIES,
                {_COPIES: False, "reason": "No folder for audio is configured (AUDIO_FOLDER)."},
            ),
            503: Answer(
                "No worker could be told.",
                _NO_COPIES,
                {_COPIES: False, "reason": "The task queue does not answer."},
            ),
        },
        text="Files are served under their addresses all the same; this is for platforms that want copies.",
    ),
)
describe(
    media.StoredFile,
    PROGRAMMES,
    get=Operation(
        "getStoredFile",
        "An uploaded file",
        {200: Answer("The file, as what it is.", string(format="binary"), media=("*/*",))},
        parameters=(
            Parameter(
                "name",
                "The random name that the file has in `content` of a binary content.",
                string(),
                "9f86d081884c7d65.mp3",
                where="path",
            ),
        ),
        refusals=(404,),
        text="Without a log-in, for whoever has the address: telephone platforms have none.",
        security=[],
    ),
)
