/** A row that an enrollment object still has to deliver, see outbox.ts. */
export interface OutboxRow {
  id: number;
  kind: string;
  ref: string;
  payload: string | null;
}

/** A row as it is stored in the enrollment's own row, which every commit writes anyway. */
export type Held = [id: number, kind: string, ref: string, payload: string | null, createdAt: number];
