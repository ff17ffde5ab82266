"""Commands that have a noun, as they are typed; what they do is in the modules beside."""
