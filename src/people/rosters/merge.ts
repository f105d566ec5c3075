import { placeOf } from "./one-roster/table.ts";
import type { KnownPerson, Place, RosterFile, RosterNote, Said } from "./shapes.ts";

/** Somebody after a file was read, with the name for a preview; nobody's name is kept. */
export interface Listed {
  said: Said;
  name: string;
}

/**
 * What a source says after one more file: a whole part replaces what was said before, a part of changes changes it, an
 * absent part leaves it. Whoever is deleted loses their places. Merging the same file twice is merging it once. Pure.
 */
export function mergeRoster(
  before: ReadonlyMap<string, KnownPerson>,
  file: RosterFile,
): { after: Map<string, Listed>; notes: RosterNote[] } {
  const notes: RosterNote[] = [];
  const after = new Map<string, Listed>();
  if (file.people?.isWhole !== true) {
    for (const [id, { said }] of before) after.set(id, { said: { ...said, places: { ...said.places } }, name: "" });
  }
  for (const [id, row] of file.people?.rows ?? []) {
    if (row === null) after.delete(id);
    else {
      const { name, ...said } = row;
      after.set(id, { said: { ...said, places: { ...before.get(id)?.said.places } }, name });
    }
  }
  if (file.places !== null) {
    if (file.places.isWhole) for (const { said } of after.values()) said.places = {};
    setPlaces(after, file.places.rows, notes);
  }
  if (file.classes !== null) dropPlaces(after, file.classes);
  return { after, notes };
}

function setPlaces(
  after: ReadonlyMap<string, Listed>,
  rows: ReadonlyMap<string, (Place & { person: string }) | null>,
  notes: RosterNote[],
): void {
  const owners = new Map<string, Said>();
  for (const { said } of after.values()) for (const id of Object.keys(said.places)) owners.set(id, said);
  for (const [id, row] of rows) {
    const owner = owners.get(id);
    if (owner !== undefined) delete owner.places[id];
    if (row === null) continue;
    const { person, ...place } = row;
    const said = after.get(person)?.said;
    if (said !== undefined) said.places[id] = place;
    else {
      const message = "Nobody with this userSourcedId is known, or they were deleted; the row is left out.";
      notes.push({ path: placeOf("enrollments.csv", 0, id).replace(" line 0", ""), rule: "unknown_user", message });
    }
  }
}

/** Places in classes that were deleted, or that a whole file of classes has no more, end. */
function dropPlaces(after: ReadonlyMap<string, Listed>, { isWhole, rows }: NonNullable<RosterFile["classes"]>): void {
  for (const { said } of after.values()) {
    for (const [id, place] of Object.entries(said.places)) {
      const row = rows.get(place.class);
      if (row === null || (isWhole && row === undefined)) delete said.places[id];
    }
  }
}
