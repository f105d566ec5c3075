import { ApiProblem, isRefusal } from "../../../api/problem.ts";
import { request } from "../../../api/request.ts";
import { jsonBody } from "../../../lib/json-body.ts";
import { dropText, keepText, keptText } from "../../../lib/kept-text.ts";
import { Store } from "../../../lib/store.ts";
import { SessionOverError } from "../../../session/store.ts";

/** The server's revision of the working copy, and who saved it. */
export interface Stamp {
  revision: number;
  base_version: number | null;
  saved_by: string | null;
  name: string | null;
  saved_at: string | null;
}

export type Copy = Stamp & { text: string | null };

interface Writer {
  user_id: string;
  name: string | null;
  since: string;
}

export interface SaveState {
  /** `waiting`: something is typed and not saved yet. `conflict`: somebody else saved; `stamp` says who. */
  status: "saved" | "waiting" | "saving" | "offline" | "refused" | "conflict";
  stamp: Stamp;
  /** Whether this browser stores the unsaved text, whatever happens to the page. */
  isKept: boolean;
  fault: unknown;
  others: readonly Writer[];
}

/** Text that was typed here and never reached the server. */
interface Kept {
  revision: number;
  base: number | null;
  text: string;
}

/** Time without typing before a save, and the longest wait of typed text for a save, milliseconds. */
const QUIET_MS = 1_000;
const LONGEST_MS = 8_000;
/** Time without typing before the text is stored in this browser: a large document is not written at each key. */
const KEEP_MS = 300;
const RETRY_MS = 4_000;
/** How often the page reports to the server that it is open: the server forgets pages that are silent for a minute. */
const BEAT_MS = 15_000;

const NOTHING: Stamp = { revision: 0, base_version: null, saved_by: null, name: null, saved_at: null };

/**
 * Saves an author's text on the server, revision by revision, and stores it in this browser until it is saved. So a
 * reload, a lost network and an ended session lose nothing. It never overwrites what somebody else saved.
 */
export class Saver {
  readonly state: Store<SaveState>;
  /** Called when somebody else saved while nothing was typed here: the page shows the other text. */
  onNewer: () => void = () => undefined;
  readonly #course: string;
  readonly #user: string;
  /** The newest text, and the one that the server has. */
  #text: () => string = () => "";
  #saved: string | null = null;
  #isDirty = false;
  #isSaving = false;
  #since: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #keepTimer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;

  constructor(course: string, user: string) {
    this.#course = course;
    this.#user = user;
    const state: SaveState = { status: "saved", stamp: NOTHING, isKept: true, fault: null, others: [] };
    this.state = new Store(state);
  }

  /** The text on the server. */
  read(): Promise<Copy> {
    return request<Copy>(this.#path);
  }

  /** Text that was typed here before and is on no server. */
  kept(): Kept | null {
    const stored = keptText(this.#user, this.#place);
    const head = stored === null ? null : /^(\d+) (\d*)\n/.exec(stored);
    if (stored === null || head === null) return null;
    const base = head[2] === "" ? null : Number(head[2]);
    return { revision: Number(head[1]), base, text: stored.slice(head[0].length) };
  }

  /** Begins with a text: the server's (`isDirty` false), or one that the server does not have. */
  begin(stamp: Stamp, text: string, options: { isDirty: boolean; isConflict?: boolean }): void {
    this.#saved = options.isDirty ? null : text;
    this.#text = () => text;
    this.#isDirty = options.isDirty;
    if (!options.isDirty) dropText(this.#user, this.#place);
    this.#set({ stamp, status: options.isConflict === true ? "conflict" : options.isDirty ? "waiting" : "saved" });
    if (options.isDirty && options.isConflict !== true) this.#saveIn(0);
  }

  /** Begins to listen and to report that the page is open. @returns a function that stops this. */
  open(): () => void {
    const leaving = (event: BeforeUnloadEvent) => {
      if (!this.keep()) event.preventDefault();
    };
    const keep = () => void this.keep();
    const again = () => this.#saveIn(0);
    const beat = () => void this.#tell();
    window.addEventListener("beforeunload", leaving);
    window.addEventListener("pagehide", keep);
    window.addEventListener("online", again);
    document.addEventListener("visibilitychange", beat);
    this.#beat = setInterval(beat, BEAT_MS);
    beat();
    return () => {
      this.keep();
      clearTimeout(this.#timer);
      clearInterval(this.#beat);
      window.removeEventListener("beforeunload", leaving);
      window.removeEventListener("pagehide", keep);
      window.removeEventListener("online", again);
      document.removeEventListener("visibilitychange", beat);
    };
  }

  /** The text has changed. @param text returns it; a large text is only written when it is needed. */
  changed(text: () => string): void {
    this.#text = text;
    this.#isDirty = true;
    this.#since ??= Date.now();
    clearTimeout(this.#keepTimer);
    this.#keepTimer = setTimeout(() => this.keep(), KEEP_MS);
    const { status } = this.state.get();
    if (status === "conflict") return;
    if (status !== "saving") this.#set({ status: "waiting" });
    this.#saveIn(Math.max(0, Math.min(QUIET_MS, this.#since + LONGEST_MS - Date.now())));
  }

  /** Stores the unsaved text in this browser. @returns whether nothing would be lost if the page closed now. */
  keep(): boolean {
    clearTimeout(this.#keepTimer);
    if (!this.#isDirty) return true;
    const { revision, base_version } = this.state.get().stamp;
    const isKept = keepText(this.#user, this.#place, `${revision} ${base_version ?? ""}\n${this.#text()}`);
    this.#set({ isKept });
    return isKept;
  }

  /** Saves the text here over what somebody else saved. */
  takeOver(theirs: Stamp): void {
    this.#isDirty = true;
    this.#set({ stamp: { ...theirs, base_version: this.state.get().stamp.base_version }, status: "waiting" });
    this.#saveIn(0);
  }

  /**
   * The working copy is published, or discarded: the server removes its text, and the next one begins with a version.
   */
  async discard(base: number | null, text: string): Promise<void> {
    const { revision } = this.state.get().stamp;
    const stamp = await this.#put(null, revision, base);
    this.begin({ ...stamp, base_version: base }, text, { isDirty: false });
  }

  get #path(): string {
    return `/courses/${this.#course}/working-copy`;
  }

  get #place(): string {
    return `studio ${this.#course}`;
  }

  #set(change: Partial<SaveState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }

  #saveIn(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#save(), delay);
  }

  async #put(text: string | null, revision: number, base_version: number | null): Promise<Stamp> {
    const fields = { revision, base_version };
    const body = text === null ? { body: { ...fields, text } } : { json: await jsonBody(fields, "text", text) };
    return request<Stamp>(this.#path, { method: "PUT", ...body });
  }

  async #save(): Promise<void> {
    if (!this.#isDirty || this.#isSaving || this.state.get().status === "conflict") return;
    const text = this.#text();
    if (text === this.#saved) return this.#done(this.state.get().stamp, text);
    this.#isSaving = true;
    this.#since = null;
    const { revision, base_version } = this.state.get().stamp;
    this.#set({ status: "saving" });
    try {
      this.#done(await this.#put(text, revision, base_version), text);
    } catch (fault) {
      this.#failed(fault);
    } finally {
      this.#isSaving = false;
    }
    if (this.#isDirty && this.state.get().status === "waiting") this.#saveIn(QUIET_MS);
  }

  #done(stamp: Stamp, text: string): void {
    this.#saved = text;
    // Somebody may have typed during the request.
    this.#isDirty = this.#text() !== text;
    if (!this.#isDirty) dropText(this.#user, this.#place);
    this.#set({ stamp, status: this.#isDirty ? "waiting" : "saved", fault: null });
  }

  #failed(fault: unknown): void {
    this.keep();
    if (isRefusal(fault, "working_copy_changed")) {
      this.#set({ status: "conflict", fault });
      return;
    }
    // After signing in again, the text is still here.
    if (fault instanceof SessionOverError) return;
    const isRefused = fault instanceof ApiProblem && fault.problem.status < 500 && fault.problem.status !== 429;
    this.#set({ status: isRefused ? "refused" : "offline", fault });
    if (!isRefused) this.#saveIn(RETRY_MS);
  }

  /** Reports that the page is open, and learns who else has it open and whether somebody saved. */
  async #tell(): Promise<void> {
    if (document.visibilityState === "hidden") return;
    try {
      const told = await request<Stamp & { others: Writer[] }>(`${this.#path}/writers`, { method: "POST" });
      const { stamp, status } = this.state.get();
      this.#set({ others: told.others });
      // Before the page has read the copy, every revision would look newer.
      const hasRead = stamp !== NOTHING;
      if (hasRead && status === "saved" && !this.#isDirty && told.revision > stamp.revision) this.onNewer();
    } catch {
      // The next beat tells; what is typed has its own way.
    }
  }
}
