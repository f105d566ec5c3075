import type { CaseContext } from "../lib/case.ts";
import type { Contract } from "../targets/contract.ts";

/** The addresses of docs/developers/events.md at the target of a case that needs "contract". @throws when it has none. */
export function contractOf({ target }: CaseContext): Contract {
  if (target.contract === undefined) throw new Error(`${target.name} does not speak the contract`);
  return target.contract;
}
