"""The yardstick: one Flask view that checks a token and reads the same documents from the same SQLite file."""

import hashlib
import json
import os
import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)
db = sqlite3.connect(os.environ["BENCH_DB"], check_same_thread=False)
USERS, TOKENS = '"okta:acme/users"', '"okta:acme/api_tokens"'


def allowed() -> bool:
    token = request.headers.get("Authorization", "").partition(" ")[2]
    digest = hashlib.sha256(token.encode()).hexdigest()
    return db.execute(f"SELECT doc FROM {TOKENS} WHERE c_hash = ?", (digest,)).fetchone() is not None


@app.get("/api/v1/users/<user_id>")
def get_user(user_id: str):
    if not allowed():
        return jsonify(error="unauthorised"), 401
    row = db.execute(f"SELECT doc FROM {USERS} WHERE id = ?", (user_id,)).fetchone()
    return jsonify(json.loads(row[0])) if row else (jsonify(error="not found"), 404)


@app.get("/api/v1/users")
def list_users():
    if not allowed():
        return jsonify(error="unauthorised"), 401
    rows = db.execute(f"SELECT doc FROM {USERS} ORDER BY seq LIMIT 200").fetchall()
    return jsonify([json.loads(row[0]) for row in rows])
