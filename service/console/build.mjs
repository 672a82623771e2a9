// Builds the page that the package ships: node build.mjs [FOLDER]; by default ../fluoropose/console_page.
import { build } from "esbuild";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "fluoropose", "console_page"));
mkdirSync(out, { recursive: true });
copyFileSync(join(here, "src", "index.html"), join(out, "index.html"));
await build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.ts" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "eof",
  banner: { js: "/* fluoropose, Apache-2.0. Holds uPlot, Copyright (c) 2022 Leon Sorokin, MIT licence. Sources: service/console. */" },
  logLevel: "warning",
});
