"""Sending SMS on behalf of a caller, within what the account may; and finding what was sent.

- ``rights``: what an account may, from its row and the settings.
- ``numbers``: a number as a caller writes it, and whether this account may send there.
- ``sequences``, ``quotas``: against toll fraud.
- ``send``: the operation.
- ``messages``, ``files``: what there is, by id and in lists; deleting.
"""

#: ``Delivery.source`` of what is sent here.
SOURCE = "sms-api"
