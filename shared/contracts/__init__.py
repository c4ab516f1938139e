"""The published language of the platform: what the services say to one another, and on which topics.

Pure data: pydantic models and one table of topics. Within a version only optional fields are added; anything else is a new version
beside the old one. Nothing of a reporter and no name of a person ever stands in an event (a test walks every field).
"""
