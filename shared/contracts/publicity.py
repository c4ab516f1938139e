"""What publicity (宣传发动) says. It only listens so far."""
