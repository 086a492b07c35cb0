"""The common words for opting out and in, and what is answered to them.

Answers keep to the GSM alphabet and 160 characters, so each is one SMS. A
word that several languages share has no language; its answer is chosen by the
sender's.
"""

from django.db import migrations

STOP = {
    "eng": "You will get no more messages from us. Reply START to get them again.",
    "fra": "Vous ne recevrez plus de messages de notre part. Répondez START pour les recevoir de nouveau.",
    "spa": "Ya no le enviaremos mensajes. Responda START para volver a recibirlos.",
    "por": "Deixou de receber as nossas mensagens. Responda START para voltar a receber.",
    "afr": "Jy sal nie meer boodskappe van ons kry nie. Antwoord START om dit weer te kry.",
    "zul": "Ngeke usathola imiyalezo yethu. Phendula ngo-START ukuze uyithole futhi.",
    "xho": "Awusayi kufumana miyalezo yethu. Phendula ngo-START ukuze uyifumane kwakhona.",
    "sot": "Ha o sa tla fumana melaetsa ea rona. Araba ka START ho e fumana hape.",
    "swa": "Hutapokea tena ujumbe wetu. Jibu START ili kuupokea tena.",
}
START = {
    "eng": "You will get our messages again. Reply STOP to end them.",
    "fra": "Vous recevrez de nouveau nos messages. Répondez STOP pour y mettre fin.",
    "spa": "Vuelve a recibir nuestros mensajes. Responda STOP para dejar de recibirlos.",
    "por": "Volta a receber as nossas mensagens. Responda STOP para deixar de receber.",
    "afr": "Jy sal weer boodskappe van ons kry. Antwoord STOP om op te hou.",
    "zul": "Uzophinde uthole imiyalezo yethu. Phendula ngo-STOP ukuze iyeke.",
    "xho": "Uza kuphinda ufumane imiyalezo yethu. Phendula ngo-STOP ukuze iphele.",
    "sot": "O tla fumana melaetsa ea rona hape. Araba ka STOP ho e emisa.",
    "swa": "Utapokea tena ujumbe wetu. Jibu STOP ili kuusitisha.",
}
#: Action → language → words. A shared word (no language) names the language of its answer.
WORDS = {
    "stop": {
        "": {"stop": "eng", "parar": "por", "cancelar": "spa", "yima": "zul"},
        "eng": ["end", "cancel", "unsubscribe", "quit", "stopall", "optout", "revoke"],
        "fra": ["arret", "arrêt", "arreter", "arrêter", "desabonner", "désabonner"],
        "spa": ["alto", "baja", "detener"],
        "por": ["sair", "pare"],
        "afr": ["staak", "kanselleer"],
        "zul": ["misa"],
        "xho": ["yeka"],
        "sot": ["emisa", "khaotsa"],
        "swa": ["acha", "sitisha", "simama", "komesha"],
    },
    "start": {
        "": {"start": "eng", "iniciar": "spa", "qala": "zul"},
        "eng": ["unstop", "optin", "subscribe", "resume"],
        "fra": ["reprendre", "abonner"],
        "spa": ["alta", "reanudar"],
        "por": ["voltar", "comecar", "começar"],
        "afr": ["begin", "hervat"],
        "zul": ["qhubeka"],
        "xho": ["qalisa"],
        "sot": ["qalella"],
        "swa": ["anza", "endelea"],
    },
}
ANSWERS = {"stop": STOP, "start": START}


def rows():
    """(word, action, language, answer) of every keyword."""
    for action, languages in WORDS.items():
        for language, words in languages.items():
            for word in words:
                answer_language = language or words[word]
                yield word, action, language, ANSWERS[action][answer_language]


def add(apps, schema_editor):
    Keyword = apps.get_model("smsbridge", "Keyword")
    Keyword.objects.bulk_create(
        (
            Keyword(word=word, action=action, language=language, confirmation=answer)
            for word, action, language, answer in rows()
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("smsbridge", "0002_inbound_answers_and_counts")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
