"""`make run`: everything on one machine with demo data, and nothing left running when it ends.

Starts PostgreSQL and Valkey (unless DATABASE_URL / REDIS_URL name others), migrates, loads the demo once, and runs web,
worker and beat until Ctrl-C. Meta is the built-in simulator unless WHATSAPP_… variables name a real account.
"""
