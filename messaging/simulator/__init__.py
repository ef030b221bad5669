"""A Graph-shaped server of our own with a phone screen, so that the whole loop runs with no Meta account.

Imported by nothing but its URL include, and reached over HTTP by the very client that reaches Meta. Its state lives in
Redis under `simulator:`, so it survives restarts and is shared by all web processes. For development only.
"""
