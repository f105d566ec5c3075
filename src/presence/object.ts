import { DurableObject } from "cloudflare:workers";

export class CoursePresence extends DurableObject<Env> {}
