import { parseArgs } from "node:util";
import { addressOf, CommandError, DEFAULT_URL, runCommand, say, UsageError } from "./lib/backup/command.ts";
import { moveCourses } from "./lib/shards/move.ts";
import { type PlannedMove, planMoves, shardName, type Wish } from "./lib/shards/plan.ts";
import { RemoteShards } from "./lib/shards/remote.ts";

const USAGE = `Usage: npm run -s shards -- status | plan | move [options]

Databases ("shards") hold the enrollments of courses. Courses move between them while learners work.

  status                     shows how full each database is, and which courses are moving
  plan                       shows moves that make all databases equally full, and how much work they are; changes
                             nothing
  move COURSE… --to N        moves courses to the database with this number; 1 is the directory
  move --plan                does the moves that plan shows

  --shards N                 for plan and move --plan: plan for N databases; with fewer than there are, empty the last ones
  --to N                     for plan and move --plan: move courses to this database only
  --empty N                  for plan and move --plan: only empty this database
  --dry-run                  for move: only say what it would do
  --url BASE                 the deployment; default ${DEFAULT_URL}
  --token TOKEN              key with the scope operate, or bearer token of an admin;
                             default, for a server on this machine, one made with the local secret
  --help                     this text

You can stop a move at any moment. Run the same command again: it continues where it stopped.
`;

const COMMANDS = ["status", "plan", "move"] as const;
type Command = (typeof COMMANDS)[number];

interface Asked {
  command: Command;
  courses: string[];
  wish: Wish;
  isPlanned: boolean;
  isDry: boolean;
  url: string;
  token: string | undefined;
}

/** Reads the command line; null: help is wanted. @throws UsageError */
function asked(): Asked | null {
  const { values, positionals } = parsed();
  if (values.help === true) return null;
  const [name, ...courses] = positionals;
  const command = COMMANDS.find((known) => known === name);
  if (command === undefined) throw new UsageError(`Say ${COMMANDS.join(", ")}; --help explains them.`);
  const isPlanned = command === "plan" || values.plan === true;
  if (command !== "move" && courses.length > 0) throw new UsageError(`${command} takes no courses.`);
  if (command === "move" && isPlanned === courses.length > 0) throw new UsageError("Name courses, or say --plan.");
  const wish: Wish = {};
  const shards = numberOf("--shards", values.shards);
  if (shards !== undefined) wish.shards = shards;
  const to = numberOf("--to", values.to);
  if (to !== undefined) wish.to = shardName(to);
  const empty = numberOf("--empty", values.empty);
  if (empty !== undefined) wish.empty = shardName(empty);
  if (!isPlanned && (shards !== undefined || empty !== undefined))
    throw new UsageError("--shards and --empty are for plans.");
  if (courses.length > 0 && wish.to === undefined) throw new UsageError("--to says where they go.");
  const isDry = values["dry-run"] === true;
  return {
    command,
    courses,
    wish,
    isPlanned,
    isDry,
    url: addressOf("--url", values.url ?? DEFAULT_URL),
    token: values.token,
  };
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        shards: { type: "string" },
        to: { type: "string" },
        empty: { type: "string" },
        plan: { type: "boolean" },
        "dry-run": { type: "boolean" },
        url: { type: "string" },
        token: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`${option} takes a whole number from 1 to 9999.`);
  return Number(text);
}

async function run(): Promise<object | null> {
  const wanted = asked();
  if (wanted === null) return null;
  const remote = await RemoteShards.at(wanted.url, wanted.token);
  if (wanted.command === "status") return remote.status();
  const moves = wanted.isPlanned ? await planned(remote, wanted.wish) : named(wanted);
  if (wanted.command === "plan" || wanted.isDry) return { moves: await estimated(remote, moves) };
  const moved = await moveCourses(remote, moves);
  const closed = moved.flatMap(({ move }) => move?.closed_ms ?? []);
  return { moved, longest_closed_ms: closed.length === 0 ? null : Math.max(...closed) };
}

function named({ courses, wish }: Asked): { course: string; to: string }[] {
  return courses.map((course) => ({ course, to: wish.to ?? "" }));
}

async function planned(remote: RemoteShards, wish: Wish): Promise<PlannedMove[]> {
  const [{ shards }, courses] = [await remote.status(), await remote.courses()];
  const bound = Math.max(...shards.map((shard) => shard.bound));
  return planMoves(shards, courses, bound, wish);
}

/** What the moves would take; a database that does not exist yet is named, and nothing is said of what goes there. */
async function estimated(remote: RemoteShards, moves: readonly { course: string; to: string }[]): Promise<object[]> {
  const known = (await remote.status()).shards.map(({ shard }) => shard);
  const missing = [...new Set(moves.map(({ to }) => to))].filter((to) => !known.includes(to));
  if (missing.length > 0) {
    say(
      `There is no ${missing.join(", ")} yet: raise "shards" in scripts/config/settings.ts, run "npm run config", and deploy.`,
    );
  }
  const courses = new Map((await remote.courses()).map((placed) => [placed.course, placed]));
  const found: object[] = [];
  for (const move of moves) {
    const there = courses.get(move.course);
    if (there === undefined) throw new CommandError(`There is no published course ${move.course}.`);
    const estimate =
      missing.includes(move.to) || there.shard === move.to
        ? null
        : (await remote.begin(move.course, move.to, true)).estimate;
    found.push({
      course: move.course,
      from: there.shard,
      to: move.to,
      ...(estimate ?? { enrollments: there.enrollments }),
    });
  }
  return found;
}

await runCommand(USAGE, run);
