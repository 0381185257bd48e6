"""The control API: what a phone face, a demo and a test do to the sandbox. See docs/guides/sandbox.md."""
