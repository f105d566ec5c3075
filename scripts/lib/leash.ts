import { spawn } from "node:child_process";

// Runs `node <arguments>` and ends with it. Leads a process group of its own (see process-group.ts) and holds a pipe to
// the process that started it: when that process dies, however it dies, the pipe closes and the whole group is killed.
// So a killed test run or a killed `npm start` leaves no runtime behind.

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });

child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 0) : 1));
child.on("error", (fault) => {
  console.error(fault.message);
  process.exit(1);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGTERM"));

const killGroup = () => {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL"); // not the leader of a group: started by hand
  }
};
process.stdin.on("end", killGroup);
process.stdin.on("error", killGroup);
process.stdin.resume();
