import { createServer, type IncomingMessage } from "node:http";
import { createChannel, createSession, type Session } from "better-sse";
import { z } from "zod";

// An application of the library better-sse as its documentation shows it: a session for each stream, one channel for
// everybody. `node better-sse-server.ts PORT`. What the library leaves to the application (history, resuming) is left out.

const publicationsSchema = z.array(
  z.object({
    user: z.string().optional(),
    text: z.string(),
    event: z.string().optional(),
    id: z.string().optional(),
  }),
);

const everybody = createChannel();
const byUser = new Map<string, Set<Session>>();

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://local");
  if (request.method === "POST") {
    for (const { user, text, event, id } of publicationsSchema.parse(JSON.parse(await bodyOf(request)))) {
      if (user === undefined) everybody.broadcast(text, event, id === undefined ? {} : { eventId: id });
      else for (const session of byUser.get(user) ?? []) session.push(text, event, id);
    }
    response.writeHead(204).end();
    return;
  }
  const user = url.searchParams.get("user") ?? "";
  const session = await createSession(request, response);
  everybody.register(session);
  const own = byUser.get(user) ?? new Set();
  byUser.set(user, own.add(session));
  session.on("disconnected", () => {
    own.delete(session);
    if (own.size === 0) byUser.delete(user);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
