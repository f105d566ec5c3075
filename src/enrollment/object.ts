import { DurableObject } from "cloudflare:workers";

/** Placeholder of the contract; the object is being built in this room. */
export class EnrollmentObject extends DurableObject<Env> {}
