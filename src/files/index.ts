// The public API of the files room.
export { hashOf, inspect, receive, receivePart } from "./bytes.ts";
export { copyCourseFile, keepCourseFile, keepWrittenFile, removeCourseFiles, sendCourseFile } from "./course-files.ts";
export { demandLengthOfUsers } from "./length.ts";
export { fileIdSchema, fileKey, fileNameSchema } from "./names.ts";
export { eraseFiles, exportFiles, ownersOfBytes } from "./personal.ts";
export { sendSubmitted, submitFiles, takeBack } from "./submitted.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
