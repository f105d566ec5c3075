import { createContext, useContext } from "react";
import type { DraftItem } from "./document.ts";

/** What every part of a rule is edited with. */
export interface Building {
  /** All items of the draft, in course order. */
  items: readonly DraftItem[];
  /** Ids that this item's rule cannot ask for. */
  barred: ReadonlySet<string>;
  /** Cohorts that are offered. */
  cohorts: readonly string[];
  /** Of the draft's own course: another course is asked for by its own. */
  slug: string;
}

export const BuildingContext = createContext<Building>({ items: [], barred: new Set(), cohorts: [], slug: "" });
export const useBuilding = (): Building => useContext(BuildingContext);

/** The first item that can be asked for; "" where there is none. */
export function firstItem({ items, barred }: Building): string {
  return items.find(({ id }) => !barred.has(id))?.id ?? "";
}
