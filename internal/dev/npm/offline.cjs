// Loaded before a tool: whatever it wants of the network ends it, so that no
// test depends on what is outside, and nothing is told to anybody.
"use strict";
const dns = require("node:dns");
const net = require("node:net");

function refuse() {
  process.stderr.write(`${new Error("a tool of the tests asked for the network").stack}\n`);
  process.exit(70);
}

net.Socket.prototype.connect = refuse;
dns.lookup = refuse;
dns.promises.lookup = refuse;
