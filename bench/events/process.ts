import { type ChildProcess, spawn } from "node:child_process";
import { z } from "zod";
import { fromRoot, NODE } from "../../scripts/lib/paths.ts";
import type { Address, Command } from "./protocol.ts";

const LOAD = fromRoot("bench/events/load.ts");
/** Longest answer of a load process, milliseconds. */
const ANSWER_TIMEOUT_MS = 180_000;

const answerSchema = z.union([z.object({ fault: z.string() }), z.object({ value: z.unknown().optional() })]);

/** Command line in front of a process that keeps it on one core; empty on machines with one. */
export function onCore(core: number, cores: number): string[] {
  return cores > 1 ? ["taskset", "-c", String(core)] : [];
}

/** A load process and the talk with it: one command at a time. */
export class LoadProcess {
  readonly #child: ChildProcess;

  constructor(address: Address, prefix: readonly string[]) {
    const [command = NODE, ...args] = [...prefix, NODE, LOAD, JSON.stringify(address)];
    this.#child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  /** @throws when it fails, ends or does not answer. */
  ask<T>(command: Command, schema: z.ZodType<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(() => reject(new Error(`${command.do}: no answer`))), ANSWER_TIMEOUT_MS);
      const onMessage = (message: unknown) => {
        const answer = answerSchema.parse(message);
        done(() => {
          if ("fault" in answer) reject(new Error(`${command.do}: ${answer.fault}`));
          else resolve(schema.parse(answer.value));
        });
      };
      const onExit = () => done(() => reject(new Error(`${command.do}: the load process has ended`)));
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#child.off("message", onMessage);
        this.#child.off("exit", onExit);
        settle();
      };
      this.#child.once("message", onMessage);
      this.#child.once("exit", onExit);
      this.#child.send(command);
    });
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}
