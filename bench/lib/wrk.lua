-- wrk script. First argument after "--": a file with one request per line, fields separated by tabs:
-- METHOD, PATH, bearer token or "-", If-None-Match or "-", JSON body or "-". Second argument: "once" sends each line
-- once and stops (writes), "round" sends them over and over (reads).
local requests, at, once, stopped = {}, 0, false, false

function init(args)
  once = args[2] == "once"
  for line in io.lines(args[1]) do
    local method, path, token, tag, body = line:match("^(%u+)\t([^\t]+)\t([^\t]+)\t([^\t]+)\t(.+)$")
    assert(method, "bad line in the request file")
    local headers = {}
    if token ~= "-" then headers["Authorization"] = "Bearer " .. token end
    if tag ~= "-" then headers["If-None-Match"] = tag end
    if body == "-" then body = method == "POST" and "" or nil else headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  at = at + 1
  if at > #requests then
    if once then
      -- Nothing left: harmless repeats of the last line until the thread has stopped.
      if not stopped then stopped = true; wrk.thread:stop() end
      at = #requests
    else
      at = 1
    end
  end
  return requests[at]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"duration_us":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d,"max_us":%d,' ..
    '"status_errors":%d,"socket_errors":%d,"timeouts":%d,"bytes":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    latency.max, e.status, e.connect + e.read + e.write, e.timeout, summary.bytes))
end
