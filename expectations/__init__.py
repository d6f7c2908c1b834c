"""What must hold before anything trusts a table: quarantine, repairs, Great Expectations gates."""
