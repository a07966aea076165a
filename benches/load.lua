-- What wrk sends: a chat request of 1 KB, or of KB kilobytes, in the shape of OpenAI's Python client. EVENTS asks for a
-- stream of that many, FAST=prose for one of 20 characters of prose an event.
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip, deflate"
wrk.headers["Authorization"] = "Bearer sk-not-a-key-000000000000000000000000000000"
wrk.headers["User-Agent"] = "OpenAI/Python 2.8.0"
wrk.headers["X-Standin-Fast"] = os.getenv("FAST") or "1"

local events = os.getenv("EVENTS")
local stream = ""
if events then
  wrk.headers["X-Standin-Events"] = events
  stream = ',"stream":true'
end

local kilobytes = tonumber(os.getenv("KB") or "1")
local words = string.rep("Tell me what the weather is like in Paris. ", 24 * kilobytes - 3)
wrk.body = '{"model":"gpt-4o-mini","temperature":0.7,"max_tokens":256' .. stream
  .. ',"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"' .. words .. '"}]}'
