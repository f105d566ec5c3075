import { build } from "esbuild"; import { gzipSync } from "node:zlib";
const pats=process.argv.slice(2);
for (const p of pats){ const re=new RegExp(p);
const r = await build({ absWorkingDir: process.cwd(), entryPoints:["src/index.ts"], outfile:"/tmp/o.js", bundle:true, format:"esm", target:"es2024", conditions:["workerd","worker","browser"], external:["node:*","cloudflare:*"], alias:{zod:"./src/lean/zod.ts","@asteasolutions/zod-to-openapi":"./src/lean/zod-to-openapi.ts","better-auth/db":"./src/lean/better-auth-db.ts","ml-matrix":"./src/lean/ml-matrix.js"}, define:{"process.env.NODE_ENV":'"production"'}, minify:true, write:false, logLevel:"silent", plugins:[{name:"s",setup(b){b.onLoad({filter:re},()=>({contents:"module.exports={}",loader:"js"}))}}]});
console.log(p,(gzipSync(r.outputFiles[0].text).length/1024).toFixed(1)); }
