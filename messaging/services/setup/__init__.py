"""The set-up of the platform at Meta, line by line: how each stands, its proof, and what can be done from here.

`lines` names the sixteen, `checking` finds how they stand and keeps it, `credentials` and `actions` are what a person does
on the page, `progress` is what others show of it. What is found is kept as a code and facts; messaging/admin has the words.
"""
