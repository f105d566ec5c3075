import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Written by programs, or the list of old words itself. */
const KEPT = /^(src\/client\/api-types\.ts|worker-configuration\.d\.ts|test\/unit\/docs\/(code-)?words\.test\.ts)$/;

/**
 * Old words that others depend on: audit actions, an object class, bindings, metrics, fields of answers, log events,
 * stored reasons, an alert, former names of commands; and a colour scheme, which is dark.
 */
const NAMES =
  /BackupVault|\bVAULTS\b|(course|enrollment)\.doubted|["']doubt["']|owed_(entries|announcements|purges)|dark_shards|shard_dark|queue_messages_let_go_total|MessagesLetGo|test:drills|\bdrill: "slow"|themeDark|theme-dark|`owed`|"[dD]ark"|color-scheme: (light )?dark|light and dark|\bAS owed ON owed\.|\bowed\.id\b/g;

const OLD = [
  /\bow(?:e|ed|es|ing)\b/i,
  /\bdoubt(?:s|ed|ing)?\b/i,
  /\bvaults?\b/i,
  /\bdrills?\b/i,
  /\bbrakes?\b/i,
  /\bdoors?\b/i,
  /\bdark(?:ens?|ened|ness)?\b/i,
  /\blets? go\b/i,
  /\bheal(?:s|ed|ing)?\b/i,
  /\bhand(?:s|ed|ing)? (?:in|out)\b/i,
  /\btakes? no writes\b/i,
  /\b(?:kill switch|school day)\b/i,
  /(?:[a-z](?=[A-Z])|\b)(?:[oO]we[sd]?|[dD]oubt(?:ed)?|[vV]ault|[dD]rill|[bB]rake|[lL]etGo|[dD]ark|[hH]andedIn)(?=[A-Z])/,
  /[a-z](?:Owed?|Doubt(?:ed)?|Vault|Drill|Brake|LetGo|Dark|HandedIn|HandIn)\b/,
];

const files = execFileSync("git", ["ls-files", "*.ts", "*.tsx", ".ci/*", ".github/**"])
  .toString()
  .trim()
  .split("\n")
  .filter((file) => !KEPT.test(file));

describe("the words of the glossary", () => {
  it("are used in code, comments, messages and titles of tests, and no old word is left", () => {
    const found = files.flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, at) => {
          const named = line.replace(NAMES, "");
          return OLD.some((old) => old.test(named)) ? [`${file}:${at + 1}: ${line.trim()}`] : [];
        }),
    );
    expect(found).toEqual([]);
  });

  it("are reported by this test where an old word is used", () => {
    const bad = ["what is owed", "const oweAudit = 1", "isDark", "callVault(", "a drill", "hands out", "hasLetGo"];
    for (const line of bad)
      expect(
        OLD.some((old) => old.test(line)),
        line,
      ).toBe(true);
    for (const line of ["however low", "flowing", "adoption", "allowedOrigins", "following", "a power of ten"]) {
      expect(
        OLD.some((old) => old.test(line)),
        line,
      ).toBe(false);
    }
  });
});
