# ONNX Runtime's shared library, pinned and hash-checked. Nothing happens when it is there already.
.PHONY: runtime
runtime:
	@deploy/onnxruntime/fetch.sh

# The library looks its maker's telemetry host up before it can be told not to; it reads only the environment.
export ORT_DISABLE_TELEMETRY = 1
