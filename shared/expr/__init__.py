"""What authors write: JSONata expressions and placeholder templates, always bounded."""
