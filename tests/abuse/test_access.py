"""Who may call what, and whose records: every operation of the URL map, asked by everybody there is.

The operations are those of the URL map (``tests/config/test_openapi.py`` sees
to it that the document has them all). One that is not in ``WHO_MAY`` fails
here: whoever adds an endpoint says who may use it, and with whose records.
"""

from __future__ import annotations

import pytest

from config.openapi import document
from tests.abuse import cast

pytestmark = pytest.mark.django_db
#: Let in: what else is wrong with the request does not matter here.
IN = "+"
#: By interface: what the owner, the other member, the outsider, staff and somebody unknown get, and where.
WHO_MAY = {
    "Telephony": {
        "+ + 403 403 401": """
            listTelephonyUsers createTelephonyUser getTelephonyUser changeTelephonyUser deleteTelephonyUser
            linkTelephonyUser unlinkTelephonyUser exportTelephonyUsers importTelephonyUsers listVoicemails
            createVoicemail getVoicemail changeVoicemail deleteVoicemail listVoicemailMessages
            storeVoicemailMessage getVoicemailMessage moveVoicemailMessage deleteVoicemailMessage
            getVoicemailRecording""",
    },
    # Programmes belong to nobody: who may use this interface may use all of it.
    "Stage-based messaging": {
        "+ + 403 403 401": """
            getHealth listMetrics computeMetrics listAttention countAttention requeueAttention
            listBehindSubscriptions getBehindSubscription fastForwardBehindSubscriptions
            findBehindSubscriptions sendOneToEachBehind listBinaryContents createBinaryContent
            getBinaryContent replaceBinaryContent changeBinaryContent deleteBinaryContent listChanges
            getChange tellBirth correctDate switchChannel fastForwardSubscriptions switchLanguage tellLoss
            optOutOfProgrammes switchPosition pauseSubscriptions resumeSubscriptions rewindSubscriptions
            switchSchedule switchSet listFailedTasks requeueFailedTasks getFailedTask listProgrammeMessages
            createProgrammeMessage getProgrammeMessage replaceProgrammeMessage changeProgrammeMessage
            deleteProgrammeMessage getProgrammeMessageContent listRevisions listMessageSets createMessageSet
            getMessageSet replaceMessageSet changeMessageSet deleteMessageSet getCompleteness
            listMessagesOfSet previewMessageSet insertStage removeStage moveStage getMessageSetLanguages
            listSendEstimates runSendEstimate listSchedules createSchedule getSchedule replaceSchedule
            changeSchedule deleteSchedule sendSchedule listSubscriptions createSubscription getSubscription
            replaceSubscription changeSubscription deleteSubscription resendLatestMessage sendNextMessage
            getTimeline exportTimeline requestSubscription listWelcomes createWelcome getWelcome
            replaceWelcome changeWelcome deleteWelcome syncAudioFiles""",
        # The 128 random bits of its name are the permission.
        "+ + + + +": "getStoredFile",
    },
    "Identities": {
        "+ + 403 403 401": """
            listDetailKeys listIdentities createIdentity getIdentity replaceIdentity changeIdentity
            deleteIdentity listUsableAddresses reportDelivery searchIdentities optIn optOut searchOptOuts""",
    },
    "SMS gateway": {
        "+ + + + +": "getSmsMonitoring",
        "+ + 403 + 401": "listSms sendSmsByGet sendSms listWaitingSms sendSmsWithSlash",
        "+ 403 403 + 401": "getSms getSmsTimeline",
        "403 403 403 403 401": "deleteSms",
    },
    "Broadcasts": {
        "+ + 403 403 401": """
            listBroadcasts createBroadcast getBroadcast writeBroadcast deleteBroadcast stepBroadcast
            uploadBroadcastList listBroadcastRecipients listGroups createGroup changeGroupMembers""",
    },
    "Webhooks": {
        "+ + 403 403 401": """
            listWebhookEndpoints createWebhookEndpoint getWebhookEndpoint changeWebhookEndpoint
            deleteWebhookEndpoint disableWebhookEndpoint enableWebhookEndpoint pingWebhookEndpoint
            replayWebhookEndpoint rotateWebhookSecret listWebhookEventTypes listWebhookEvents
            getWebhookEvent replayWebhookEvent""",
    },
    "Messages and notices": {
        # Of other people's items in a body, nothing happens to them (``Caller.ask``).
        "+ + + + 403": """
            listMessages blockMessageSenders unblockMessageSenders listBlockedMessageSenders deleteMessages
            deleteSentMessages exportMessages markAllMessagesRead markMessagesRead markMessagesUnread
            listReadMessages listSentMessages listMessageThreads listUnreadMessages countUnreadMessages
            sendMessage listNotices deleteNotices exportNotices markAllNoticesRead markNoticesRead
            markNoticesUnread listReadNotices listUnreadNotices countUnreadNotices""",
        "+ 404 404 404 403": "getMessage replyToMessage getMessageThread getSentMessage getNotice",
        "403 403 403 + 403": "cancelScheduledNotices listScheduledNotices sendNotice",
    },
    "Hospitality": {
        "+ + 403 403 403": """
            findHostsByWord findHostsByPlace listInbox sendPrivateMessageToResource listConversations
            markConversation answerPrivateMessage sendPrivateMessage countUnreadConversations giveFeedback
            getFeedback getMember blockMember getMemberPage listFeedback""",
        "+ 403 403 403 403": """
            getConversationById archiveConversation deleteConversation getConversation reportMessage""",
        "+ + + + +": "logInToApp logOutOfApp getSessionTokenObject getSessionToken",
        # Nobody has one in this world; its key of 128 random bits is the permission.
        "404 404 404 404 404": "getMemberPicture",
    },
    "Tokens": {"+ + + + +": "logInForToken", "403 403 403 + 401": "createUserToken"},
    "Service": {"+ + + + +": "getOpenApi isLive isReady getPrometheusMetrics"},
}
#: They do not end; tests/sendables/test_stream.py asks them.
ENDLESS = {"streamMessages", "streamNotices"}


def operations(tag: str | None = None):
    return [
        (method, path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if tag in (None, operation["tags"][0]) and operation["operationId"] not in ENDLESS
    ]


def expected(tag: str) -> dict[str, str]:
    return {name: who for who, names in WHO_MAY[tag].items() for name in names.split()}


def test_of_every_endpoint_it_is_said_who_may_use_it():
    said = {name for tag in WHO_MAY for name in expected(tag)}
    assert said == {operation["operationId"] for _, _, operation in operations()}


@pytest.mark.parametrize("tag", WHO_MAY)
def test_everybody_gets_what_is_theirs_and_nothing_else(tag, settings, tmp_path):
    stage = cast.set_up(settings, tmp_path)
    callers = [cast.Caller(stage, role) for role in cast.ROLES]
    found = {
        operation["operationId"]: " ".join(_seen(each.ask(method, path, operation)) for each in callers)
        for method, path, operation in operations(tag)
    }
    assert found == expected(tag)


def _seen(status: int) -> str:
    assert status < 500, status
    return str(status) if status in cast.REFUSALS else IN
