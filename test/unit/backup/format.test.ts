import { describe, expect, it } from "vitest";
import { BACKUP_ID, instantOf, newBackupId } from "../../../src/backup/format.ts";

describe("the id of a backup", () => {
  it("[I10] sorts by time: the newest backup is found, also of two that began in the same second", () => {
    const start = Date.UTC(2026, 10, 25, 23, 24, 42, 998);
    const ids = [0, 1, 2, 900, 1_002].map((later) => newBackupId(start + later));
    expect(ids.toReversed().sort()).toEqual(ids);
    expect(ids.map(instantOf)).toEqual([0, 1, 2, 900, 1_002].map((later) => start + later));
    for (const id of ids) expect(id).toMatch(BACKUP_ID);
  });

  it("without milliseconds, from an earlier version, can still be read", () => {
    const id = "20251231T020000Z-0a1b2c3d";
    expect(id).toMatch(BACKUP_ID);
    expect(instantOf(id)).toBe(Date.UTC(2025, 11, 31, 2));
    expect(newBackupId(Date.UTC(2026, 0, 1)) > id).toBe(true);
  });
});
