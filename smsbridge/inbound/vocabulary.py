"""Which word means what, and what is answered to it."""

from __future__ import annotations

from collections.abc import Iterable

from smsbridge.models import Keyword, KeywordAnswer, normal_word


def base_language(code: str) -> str:
    """The language of a code without its country: ``eng_ZA`` gives ``eng``."""
    return code.replace("-", "_").partition("_")[0].lower()


class Vocabulary:
    """The installation's keywords, as they are at the start of a batch."""

    def __init__(self, keywords: Iterable[Keyword], answers: Iterable[KeywordAnswer] = ()) -> None:
        self._words = {keyword.word: keyword for keyword in keywords}
        self._own = {
            (answer.keyword_id, answer.language.replace("-", "_")): answer.text for answer in answers
        }
        self._answers = {
            (keyword.action, keyword.programme, base_language(keyword.language)): keyword.confirmation
            for keyword in sorted(self._words.values(), key=lambda k: k.word, reverse=True)
            if keyword.language and keyword.confirmation
        }

    @classmethod
    def for_texts(cls, texts: Iterable[str]) -> Vocabulary:
        """Two queries, or none where no text is a single word."""
        words = {normal_word(text) for text in texts if len(text) < 200} - {""}
        return cls(Keyword.objects.all(), KeywordAnswer.objects.all()) if words else cls(())

    def keyword(self, text: str) -> Keyword | None:
        """The keyword that the text consists of."""
        return self._words.get(normal_word(text)) if len(text) < 200 else None

    def answer(self, keyword: Keyword, language: str) -> str:
        """What is sent back to somebody of that language; empty: nothing.

        The keyword's own answer in that language goes before everything else. A
        word that several languages share leaves the language to the sender.
        """
        for code in (language.replace("-", "_"), base_language(language)):
            if text := self._own.get((keyword.pk, code)):
                return text
        if not keyword.confirmation or keyword.language or keyword.action == Keyword.Action.REPLY:
            return keyword.confirmation
        own = self._answers.get((keyword.action, keyword.programme, base_language(language)))
        return own or keyword.confirmation
