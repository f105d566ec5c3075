import { createApi } from "./api.ts";

export { EnrollmentObject } from "./enrollment/object.ts";
export { CoursePresence } from "./presence/object.ts";

const api = createApi();

export default {
  fetch: api.fetch,
} satisfies ExportedHandler<Env>;
