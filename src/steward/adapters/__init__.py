"""What Steward calls: the database, MLflow. Imported only by bootstrap, when it is needed."""
