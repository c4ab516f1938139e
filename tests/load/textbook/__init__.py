"""The stack that a good team would write from the frameworks' tutorials, to measure ours against: nothing is made slow on purpose."""
