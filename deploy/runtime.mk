# ONNX Runtime's shared library, pinned and hash-checked. Nothing happens when it is there already.
.PHONY: runtime
runtime:
	@deploy/onnxruntime/fetch.sh
