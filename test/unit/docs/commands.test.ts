import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromRoot } from "../../../scripts/lib/paths.ts";
import { isAlertCall, lostBlocks, NOT_TYPED, otherCommands, wranglerCall } from "../../support/node/commands.ts";

const commands = otherCommands();
const reasonFor = (text: string) => NOT_TYPED.find(([command]) => command.test(text));

describe("every command of the documents", () => {
  it("is typed by a test, or its flags are compared with those of wrangler, or a reason says why not", () => {
    const unaccounted = commands.filter(
      (command) =>
        !isAlertCall(command) && wranglerCall(command.text) === null && reasonFor(command.text) === undefined,
    );
    expect(unaccounted.map(({ at, text }) => `${at}: ${text}`)).toEqual([]);
  });

  it("with a reason still occurs in a document", () => {
    const used = new Set(commands.map(({ text }) => reasonFor(text)));
    expect(NOT_TYPED.filter((reason) => !used.has(reason)).map(([command]) => command.source)).toEqual([]);
    expect(lostBlocks()).toEqual([]);
  });

  it("that another test runs is run by a test that exists", () => {
    const named = NOT_TYPED.flatMap(([, why]) => [...why.matchAll(/`([\w./-]+)`/g)].map(([, path = ""]) => path));
    expect(named.filter((path) => !existsSync(fromRoot(path)))).toEqual([]);
  });

  it("of wrangler is read with its words and flags", () => {
    expect(wranglerCall('npx wrangler d1 execute DB --remote --command "SELECT --x" | head --lines 1')).toEqual({
      words: ["d1", "execute"],
      flags: ["remote", "command"],
    });
    expect(wranglerCall("curl -s x")).toBeNull();
  });
});
