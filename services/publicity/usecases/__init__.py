"""One verb_noun.py per thing this service does: it orders the steps in the caller's transaction and decides nothing."""
