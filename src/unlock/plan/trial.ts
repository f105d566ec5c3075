import { NONE } from "../program.ts";
import type { Need } from "./plan.ts";
import type { World } from "./world.ts";

/** The limit of work for trying every order, in conditions checked: some tens of milliseconds. */
export const MAX_WORK = 1_000_000;

/** One round that tries every order, up to a number of steps. */
export class Trial {
  readonly #world: World;
  readonly #target: number;
  readonly #actions: readonly Need[];
  /** States seen so far, with the number of steps that were left. */
  readonly #seen = new Map<string, number>();
  #isCutOff = false;

  constructor(world: World, target: number, actions: readonly Need[]) {
    this.#world = world;
    this.#target = target;
    this.#actions = actions;
  }

  /** @returns found (the steps are in the trail), ended (no plan of any length exists), or more. */
  within(depth: number, trail: Need[]): "found" | "ended" | "more" {
    if (this.#from(depth, trail)) return "found";
    return this.#isCutOff ? "more" : "ended";
  }

  #from(left: number, trail: Need[]): boolean {
    const world = this.#world;
    if (world.isOpen(this.#target)) return true;
    if (left === 0 || world.work > MAX_WORK) {
      this.#isCutOff = true;
      return false;
    }
    world.work += this.#actions.length;
    const key = world.key();
    if ((this.#seen.get(key) ?? 0) >= left) return false;
    this.#seen.set(key, left);
    const steps = this.#actions.filter((need) => !world.has(need) && world.canDo(need));
    // Two waits in a row are the same as one.
    if (trail.at(-1)?.action !== "wait") {
      steps.push(...world.instants().map((value): Need => ({ action: "wait", item: NONE, value })));
    }
    for (const step of steps) {
      if (world.work > MAX_WORK) {
        this.#isCutOff = true;
        break;
      }
      const undo = world.do(step);
      trail.push(step);
      if (this.#from(left - 1, trail)) return true;
      trail.pop();
      undo();
    }
    return false;
  }
}
